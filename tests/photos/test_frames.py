"""Frames of movies as phones and others write them: the right ones, upright, in their colours."""

from __future__ import annotations

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from livecam.errors import InputError
from livecam.formats.boxes import find_box
from livecam.photos.frames import MovieReader, evenly
from tests.support import fields
from tests.support.files import level, numbered_movie
from tests.support.program import events, run

UNEVEN = [0.0, 0.03, 0.1, 0.11, 0.3, 0.5, 0.52, 0.9, 1.0, 1.4]


def brightness(image) -> float:
    return float(image.mean())


def test_every_frame_is_at_its_own_time(tmp_path):
    with MovieReader(numbered_movie(tmp_path / "a.mov", UNEVEN)) as reader:
        assert [frame.time_s for frame in reader.times] == pytest.approx(UNEVEN, abs=1e-6)
        seen = [(f.index, f.t_ns) for f in reader.frames(range(10))]
        assert seen == [(i, pytest.approx(1e9 * t, abs=1000)) for i, t in enumerate(UNEVEN)]
        for i in (7, 0, 9, 3):
            assert brightness(reader.picture(i)) == pytest.approx(level(i), abs=3)


@pytest.mark.parametrize("name", ["a.mov", "a.mp4", "a.mkv", "a.avi", "a.ts", "a.m2ts"])
def test_frames_are_counted_in_the_order_they_are_shown(tmp_path, name):
    path = numbered_movie(tmp_path / name, [i / 30 for i in range(30)], bf="2", g="10")
    with MovieReader(path) as reader:
        shown = [brightness(frame.bgr()) for frame in reader.frames(range(len(reader.times)))]
        times = [frame.time_s for frame in reader.times]
    assert len(shown) == 30
    assert shown == sorted(shown)
    if not name.endswith(".avi"):  # which knows a rate, not times
        assert times == pytest.approx([i / 30 for i in range(30)], abs=2e-3), "from 0 in any case"


def test_frames_that_say_nothing_of_their_time_get_one(tmp_path):
    path = tmp_path / "a.h264"
    with av.open(str(path), "w", format="h264") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "1", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(20):
            image = np.full((48, 64, 3), level(i), np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        out.mux(stream.encode(None))
    with MovieReader(path) as reader:
        assert [frame.time_s for frame in reader.times] == pytest.approx(
            [i / 25 for i in range(20)], abs=1e-3
        )
        assert brightness(reader.picture(13)) == pytest.approx(level(13), abs=5)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.avif", "a.gif"])
def test_an_animation_is_read_as_a_movie(tmp_path, name):
    pictures = [Image.new("RGB", (64, 48), (level(3 * i),) * 3) for i in range(5)]
    pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:], duration=100)
    with MovieReader(tmp_path / name) as reader:
        assert [frame.time_s for frame in reader.times] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
        for i in (4, 0, 2):
            assert brightness(reader.picture(i)) == pytest.approx(level(3 * i), abs=4)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_frames_of_fields_are_read_too(tmp_path, count):
    fields.write(tmp_path / "a.mp4", [(40, 150)] * count)
    with MovieReader(tmp_path / "a.mp4") as reader:
        assert len(list(reader.frames(range(count)))) == len(reader.times) == count


def test_interlaced_frames_that_are_no_fields_are_counted_as_they_are(tmp_path):
    with av.open(tmp_path / "a.mp4", "w") as out:
        stream = out.add_stream("libx264", 25, options={"x264-params": "tff=1"})
        stream.width, stream.height = 64, 64
        for i in range(40):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 5 * i, np.uint8), "rgb24")
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    with MovieReader(tmp_path / "a.mp4") as reader:
        levels = [float(frame.bgr().mean()) for frame in reader.frames([0, 20, 39])]
        assert len(reader.times) == 40
    assert levels == pytest.approx([0, 100, 195], abs=5)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.m2ts"])
def test_two_fields_are_one_frame_whatever_they_are_packed_in(tmp_path, name):
    fields.write(tmp_path / name, [(40 + 10 * i, 150) for i in range(12)])
    with MovieReader(tmp_path / name) as reader:
        frames = list(reader.frames(range(12)))
        times = [frame.time_s for frame in reader.times]
    assert times == pytest.approx([i / 25 for i in range(12)], abs=0.001)
    tops = [float(frame.bgr()[::2].mean()) for frame in frames]
    bottoms = [float(frame.bgr()[1::2].mean()) for frame in frames]
    assert np.diff(tops) == pytest.approx(np.full(11, 11.6), abs=0.7), "each has its own first half"
    assert np.ptp(bottoms) < 1


@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "count", "last_s"),
    [("mpeg.mpg", 166, 5.5), ("offset_start.ts", 75, 2.96), ("vfr_lowlight.mkv", 63, 3.867)],
)
def test_movies_that_others_reported_are_read_whole_and_from_0(samples, name, count, last_s):
    with MovieReader(samples / "reports" / name) as reader:
        assert (len(reader.times), reader.times[0].time_s) == (count, 0)
        assert reader.times[-1].time_s == pytest.approx(last_s, abs=1e-3)
        assert len(list(reader.frames(range(count)))) == count


def test_far_frames_are_sought_and_are_the_right_ones(tmp_path):
    path = numbered_movie(tmp_path / "a.mp4", list(range(40)), g="4")
    with MovieReader(path) as reader:
        wanted = [1, 17, 38]
        shown = [(f.index, brightness(f.bgr())) for f in reader.frames(wanted)]
    assert [index for index, _ in shown] == wanted
    for index, value in shown:
        assert value == pytest.approx(level(index), abs=3)


def test_what_an_edit_list_cuts_off_is_not_there(tmp_path):
    path = tmp_path / "cut.mov"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "1", "g": "30", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 600)
        for i in range(20):
            image = np.full((48, 64, 3), level(i), np.uint8)
            picture = av.VideoFrame.from_ndarray(image, "bgr24")
            picture.pts, picture.time_base = (i - 5) * 20, Fraction(1, 600)
            for packet in stream.encode(picture):
                out.mux(packet)
        out.mux(stream.encode(None))
    with MovieReader(path) as reader:
        assert len(reader.times) == 15
        assert reader.times[0].time_s == 0
        assert brightness(reader.picture(0)) == pytest.approx(level(5), abs=3)


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [
        ((1, 0, 0, 1), "top left"),
        ((-1, 0, 0, 1), "top right"),
        ((1, 0, 0, -1), "bottom left"),
        ((-1, 0, 0, -1), "bottom right"),
        ((0, 1, -1, 0), "top right"),
        ((0, -1, 1, 0), "bottom left"),
        ((0, 1, 1, 0), "top left"),
        ((0, -1, -1, 0), "bottom right"),
    ],
)
def test_rotated_and_mirrored_movies_stand_upright(tmp_path, matrix, corner):
    path = tmp_path / "a.mov"
    image = np.zeros((48, 64, 3), np.uint8)
    image[:16, :16] = 250  # top left, as stored
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        out.mux(stream.encode(None))
    movie = bytearray(path.read_bytes())
    a, b, c, d = (value << 16 for value in matrix)
    header = find_box(bytes(movie), b"moov", b"trak", b"tkhd")
    struct.pack_into(">5i", movie, header.body + 40, a, b, 0, c, d)
    path.write_bytes(movie)
    with MovieReader(path) as reader:
        for shown in (reader.picture(0), next(reader.frames([0])).bgr()):
            height, width = shown.shape[:2]
            assert (width, height) == ((48, 64) if matrix[0] == 0 else (64, 48))
            x = 8 if "left" in corner else width - 8
            y = 8 if "top" in corner else height - 8
            assert shown[y, x].mean() > 200
            assert shown[height - 1 - y, width - 1 - x].mean() < 50


@pytest.mark.parametrize("name", ["BT.709", "P3", "HLG", "PQ"])
def test_gray_stays_gray_and_white_white_whatever_the_colours(tmp_path, name):
    primaries, curve, matrix = {
        "BT.709": (1, 1, 1), "P3": (12, 1, 6), "HLG": (9, 18, 9), "PQ": (9, 16, 9),
    }[name]  # fmt: skip
    # 203 cd/m2, a white sheet: 75 % of HLG's signal and 58 % of PQ's.
    white = {"HLG": 0.75, "PQ": 0.58}.get(name, 1.0)
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as out:
        # Without B-frames: of a single picture x265 gives a decoding time that is not set.
        options = {"x265-params": "log-level=none:bframes=0", "crf": "4"}
        stream = out.add_stream("libx265", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = primaries, curve, matrix
        context.color_range = 1
        planes = np.full((64 * 3 // 2, 128), 512, np.uint16)
        planes[:64] = round(64 + 876 * white)
        picture = av.VideoFrame.from_ndarray(planes, "yuv420p10le")
        picture.pts, picture.time_base = 0, Fraction(1, 30)
        out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    with MovieReader(path) as reader:
        for shown in (reader.picture(0), next(reader.frames([0])).bgr()):
            colour = shown.reshape(-1, 3).mean(axis=0)
            assert np.ptp(colour) < 4, "no cast"
            assert colour.mean() > 225, "white paper is bright"


def test_a_phones_red_is_no_duller_than_it_was(tmp_path):
    # Full red of Display P3 lies outside of sRGB: it becomes sRGB's own full red.
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 12, 1, 6
        image = np.zeros((48, 64, 3), np.uint8)
        image[:, :, 0], image[:, :, 1], image[:, :, 2] = 200, 60, 60
        picture = av.VideoFrame.from_ndarray(image, "rgb24").reformat(
            format="yuv444p", dst_colorspace="ITU601"
        )
        out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    with MovieReader(path) as reader:
        _, green, red = reader.picture(0).reshape(-1, 3).mean(axis=0)
    assert red > 210
    assert green < 50


def test_odd_sizes_and_10_bits_are_read(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 65, 49, "yuv444p10le"
        out.mux(
            stream.encode(av.VideoFrame.from_ndarray(np.full((49, 65, 3), 99, np.uint8), "bgr24"))
        )
        out.mux(stream.encode(None))
    with MovieReader(path) as reader:
        assert reader.picture(0).shape == (49, 65, 3)
        assert next(reader.frames([0])).size_wh == (64, 48)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\0\0\0\x08ftyp" + bytes(50),
    ],
    ids=["empty", "text", "play list", "concat", "nothing behind ftyp"],
)
def test_what_is_no_movie_is_one_error(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError):
        MovieReader(path)


def test_a_picture_of_a_billion_pixels_is_refused(tmp_path):
    path = numbered_movie(tmp_path / "a.mov", [0.0, 0.1])
    movie = path.read_bytes()
    entry = movie.index(b"avc1") + 28
    lie = movie[:entry] + struct.pack(">HH", 65535, 65535) + movie[entry + 4 :]
    path.write_bytes(lie.replace(b"avc1", b"rawv").replace(b"avcC", b"xxxx"))
    with pytest.raises(InputError), MovieReader(path) as reader:
        reader.picture(0)


def test_sound_alone_is_no_movie(tmp_path):
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=48000)
        block = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        block.sample_rate = 48000
        out.mux(stream.encode(block))
        out.mux(stream.encode(None))
    with pytest.raises(InputError, match="no picture"):
        MovieReader(path)


def test_evenly_spaced_means_first_and_last_too():
    assert evenly(5, 12) == [0, 1, 2, 3, 4]
    assert evenly(90, 12) == [0, 8, 16, 24, 32, 40, 49, 57, 65, 73, 81, 89]
    assert evenly(90, 1) == [0]


FOREIGN = {
    "13_side_data/spatial_mvhevc.mov": 5, "13_side_data/mjpeg_exif.avi": 30,
    "14_frames_not_given/iibbibb_editlist_videoonly.mp4": 12,
    "14_frames_not_given/roadtrip-vp92-10bit.webm": 72, "15_tags_not_utf8/lat1.avi": 15,
    "16_gif_apng_breakdown/blend_transparency.png": 2, "16_gif_apng_breakdown/cogs.gif": 5,
    "16_gif_apng_breakdown/comment_after_last_frame.gif": 2,
}  # fmt: skip


@pytest.mark.samples
@pytest.mark.parametrize("name", FOREIGN)
def test_all_frames_that_ffmpeg_gives_are_given(samples, name):
    with MovieReader(samples / "reports2" / name) as reader:
        every = list(reader.frames(range(len(reader.times))))
        assert len(every) == FOREIGN[name]
        assert [frame.index for frame in every] == sorted({frame.index for frame in every})
        again = [every[-1].index]  # found by itself too
        assert [frame.index for frame in reader.frames(again)] == again


def test_a_damaged_packet_costs_one_frame_and_not_the_movie(tmp_path):
    path = numbered_movie(tmp_path / "clip.mp4", [i / 30 for i in range(30)], g="5")
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    at, size = packets[12]
    data[at : at + size] = bytes(size)
    path.write_bytes(data)
    with MovieReader(path) as reader:
        found = [frame.index for frame in reader.frames(range(30))]
        assert 20 < len(found) < 30
        assert {0, 29} <= set(found)
        with pytest.raises(InputError):
            reader.picture(next(i for i in range(30) if i not in found))
    done = run("pick", "clip.mp4", "--json", "--frames", "all", cwd=tmp_path)
    (event,) = events(done.stdout)
    assert [frame["index"] for frame in event["frames"]] == found

"""A real RTSP server (GStreamer's), which serves a movie's H.264 over and over in real time.

It needs GStreamer's bindings, which come with the system's own Python:

    /usr/bin/python3 rtsp_camera.py clip.mp4 [udp]

prints its address and serves until it is killed; with "udp", as some cameras, by UDP alone.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service="0")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    f"( filesrc location={sys.argv[1]} ! qtdemux ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)
if "udp" in sys.argv[2:]:
    factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
server.get_mount_points().add_factory("/camera", factory)
server.attach(None)
print(f"rtsp://127.0.0.1:{server.get_bound_port()}/camera", flush=True)
GLib.MainLoop().run()

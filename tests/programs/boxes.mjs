// Prints what mp4box.js reads of a movie:  node boxes.mjs MOVIE
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.LIVECAM_NODE}/`);
const { createFile } = require("mp4box");
const file = createFile();
const data = readFileSync(process.argv[2]);
const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
buffer.fileStart = 0;
const errors = [];
file.onError = (module, message) => errors.push(`${module}: ${message}`);
file.onReady = (info) => {
  const tracks = info.tracks.map((track) => ({
    codec: track.codec, edits: track.edits, references: track.references,
    samples: track.nb_samples, type: track.type, timescale: track.movie_timescale,
  }));
  console.log(JSON.stringify({ tracks, errors, timescale: info.timescale }));
};
file.appendBuffer(buffer);
file.flush();

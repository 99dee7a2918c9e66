#!/bin/sh
# Makes clip.m2t, the recorded material of the lab, with FFmpeg 5.1 (libx264, native AAC).
# Run it in this folder. The lab itself needs no FFmpeg.
#
# One program, elementary streams by PID; src/lab/clip.ts reads them:
#   0x100  640x360 test picture    0x101  320x180 test picture    (8 s, 25/s, key frame every 1 s)
#   0x102  640x360 black           0x103  320x180 black           (1 s)
#   0x110  440 Hz tone with a beep every second                   (8 s and a little more)
#   0x111  silence                                                (a few frames)
# 8 s are exactly 375 AAC frames of 1024 samples at 48 kHz and a whole number of periods of the
# tone, so the loop has no gap and no click. One audio frame a PES packet; no B-frames.
set -eu
x264='-c:v libx264 -profile:v baseline -level 3.0 -pix_fmt yuv420p -preset veryslow -g 25 -keyint_min 25 -sc_threshold 0'
# shellcheck disable=SC2086
ffmpeg -hide_banner -loglevel error -y -fflags +bitexact \
  -f lavfi -t 8 -i testsrc2=size=640x360:rate=25 \
  -f lavfi -t 8 -i testsrc2=size=320x180:rate=25 \
  -f lavfi -t 1 -i color=c=black:size=640x360:rate=25 \
  -f lavfi -t 1 -i color=c=black:size=320x180:rate=25 \
  -f lavfi -t 8.2 -i sine=frequency=440:beep_factor=2:sample_rate=48000 \
  -f lavfi -t 0.2 -i anullsrc=channel_layout=mono:sample_rate=48000 \
  -map 0:v -map 1:v -map 2:v -map 3:v -map 4:a -map 5:a \
  $x264 -threads 1 -flags:v +bitexact -flags:a +bitexact \
  -b:v:0 500k -maxrate:v:0 520k -bufsize:v:0 260k \
  -b:v:1 110k -maxrate:v:1 120k -bufsize:v:1 60k \
  -b:v:2 50k -b:v:3 50k \
  -c:a aac -b:a 48k -ac 1 \
  -streamid 0:256 -streamid 1:257 -streamid 2:258 -streamid 3:259 -streamid 4:272 -streamid 5:273 \
  -f mpegts -muxdelay 0 -muxpreload 0 -pes_payload_size 0 -flush_packets 0 clip.m2t

# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A line whose answers take another way: the capture has only what subscribers send.
LINE_UP='rate-mbit 20 delay-ms 6 jitter-ms 0.5 queue-ms 80'
LINE_DOWN='rate-mbit 40 delay-ms 10 jitter-ms 1 queue-ms 80'
LINE_SENT_ONLY=yes

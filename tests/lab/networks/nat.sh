# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A VDSL line behind a home router that masquerades: one address for all, and no IPv6.
LINE_UP='rate-mbit 10 delay-ms 8 jitter-ms 1 queue-ms 120'
LINE_DOWN='rate-mbit 50 delay-ms 8 jitter-ms 1 queue-ms 100'
LINE_NAT=yes

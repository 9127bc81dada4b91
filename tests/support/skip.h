/* SPDX-License-Identifier: BSD-3-Clause */
/* A test that cannot run here says so, and is counted apart. */
#ifndef SKIP_H
#define SKIP_H

/* Prints the reason and counts the running test as skipped; the test returns after it. */
void test_skip(const char *reason);

#endif

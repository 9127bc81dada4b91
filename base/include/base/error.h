/* SPDX-License-Identifier: BSD-3-Clause */
/* What went wrong in a cold call, in words a user can act on. Never holds anything read from
 * traffic. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
    int code;       /* positive errno value, 0 while nothing went wrong */
    unsigned line;  /* 1-based line of the text file being read, 0 where lines mean nothing */
    char text[320]; /* what is wrong and what to do; no newline, no program or file name in front */
};

/* Fills `error` (null: only the return value matters) and returns -code. Line is left as it is. */
int error_set(struct error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

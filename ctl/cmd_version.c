/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox version: what this binary is made of. */
#include <openssl/crypto.h>
#include <pcap/pcap.h>
#include <stdio.h>

#include "build_info.h"
#include "command.h"

static int run(const struct command *command, int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    opterr = 0;
    int option = getopt_long(argc, argv, "h", options, NULL);
    if (option == 'h')
        return command_help(command);
    if (option != -1 || optind < argc)
        return command_misused(command, "it takes no arguments");
    printf("glassbox %s\n%s\n%s\nwith: %s\n", BUILD_VERSION, pcap_lib_version(),
           OpenSSL_version(OPENSSL_VERSION), BUILD_FEATURES);
    return command_flush(EXIT_GOOD);
}

const struct command command_version = {
    .name = "version",
    .summary = "print the version, the libraries and what was built in",
    .usage = "glassbox version",
    .help = "Prints the version of glassbox and of the libraries it runs with, and the optional\n"
            "parts that this binary was built with.\n",
    .run = run,
};

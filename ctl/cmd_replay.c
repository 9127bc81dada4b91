/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox replay: captures in, reports out. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "ctl/report_stream.h"
#include "dataplane/dataplane.h"
#include "dataplane/source_pcap.h"
#include "run_knowledge.h"
#include "run_options.h"

struct replay {
    struct run_options run;
    const char *const *files;
    unsigned file_count;
    struct run_knowledge knowledge;
    atomic_uint complaints; /* told by the source's thread */
};

static struct dataplane *running; /* for the signal handler */

static void stop_on_signal(int number)
{
    (void)number;
    dataplane_stop(running);
}

static void tell_complaint(void *context, const char *input, const char *text)
{
    struct replay *replay = context;
    atomic_fetch_add(&replay->complaints, 1);
    command_complain("%s: %s", strcmp(input, "-") ? input : "standard input", text);
}

/* The reading thread has taken the signals; this one must not be interrupted while it writes. */
static void take_signals(struct dataplane *dataplane)
{
    const struct sigaction action = {.sa_handler = stop_on_signal, .sa_flags = (int)SA_RESETHAND};
    sigset_t ours;
    running = dataplane;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ours, NULL);
}

static int write_reports(struct replay *replay, struct dataplane *dataplane, struct error *error)
{
    const struct report_context context =
        run_knowledge_context(&replay->knowledge, &replay->run, "pcap", "file");
    struct report_stream *stream;
    struct tally *tally;
    int failure = tally_new(&tally, protocols_count(context.protocols), error);
    if (failure)
        return failure;
    failure = report_stream_new(&stream, &context, replay->run.format, stdout, error);
    while (!failure && dataplane_next(dataplane, tally))
        failure = report_stream_write(stream, tally, error);
    if (!failure)
        failure = report_stream_end(stream, error);
    report_stream_free(stream);
    tally_free(tally);
    return failure;
}

static int replay_files(struct replay *replay, struct error *error)
{
    const struct source_pcap_options pcap = {
        .files = replay->files,
        .file_count = replay->file_count,
        .interval_ns = replay->run.interval_ns,
        .complaint = {.tell = tell_complaint, .context = replay},
    };
    struct source *source;
    struct dataplane *dataplane;
    int failure = source_pcap_new(&source, &pcap, error);
    if (failure)
        return failure;
    failure = dataplane_start(&dataplane, &replay->run.dataplane, source, error);
    if (failure)
        return failure;
    take_signals(dataplane);
    failure = write_reports(replay, dataplane, error);
    bool was_stopped = dataplane_was_stopped(dataplane);
    dataplane_free(dataplane);
    if (!failure && was_stopped)
        failure =
            error_set(error, EINTR, "interrupted: the report covers what was read until then");
    return failure;
}

static int replay_with_knowledge(struct replay *replay)
{
    struct error error = {0};
    int failure = run_knowledge_open(&replay->knowledge, &replay->run, NULL, &error);
    if (!failure)
        failure = replay_files(replay, &error);
    run_knowledge_close(&replay->knowledge);
    if (failure)
        command_complain("%s", error.text);
    return command_flush(failure || replay->complaints ? EXIT_FAILED : EXIT_GOOD);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct replay replay = {.run = run_options_default()};
    int outcome = run_options_read(&replay.run, command, argc, argv, NULL);
    if (outcome != RUN_OPTIONS_GOOD)
        return outcome;
    if (optind == argc)
        return command_misused(command,
                               "which capture? name at least one file, or - for standard input");
    replay.files = (const char *const *)argv + optind;
    replay.file_count = (unsigned)(argc - optind);
    return replay_with_knowledge(&replay);
}

const struct command command_replay = {
    .name = "replay",
    .summary = "read captures and report what they hold, per protocol",
    .usage = "glassbox replay [OPTION...] FILE...",
    .help =
        "Reads pcap and pcapng captures, one after the other (- is standard input), and prints "
        "how\n"
        "much of which protocol they hold. Nothing else leaves: no address, no name, no "
        "payload.\n\n" RUN_OPTIONS_HELP "\n"
        "Exit status: 0 when everything was read, 1 when some file was not or only in part (the\n"
        "rest is reported all the same), 2 when the command was misused.\n",
    .run = run,
};

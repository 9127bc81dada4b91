/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox live: a port in, reports out, until it is told to stop. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit_setup.h"
#include "base/text.h"
#include "command.h"
#include "ctl/report_stream.h"
#include "dataplane/dataplane.h"
#include "dataplane/source_dpdk.h"
#include "dataplane/telemetry.h"
#include "dataplane/xdp_headers.h"
#include "live_attendant.h"
#include "live_device.h"
#include "privilege.h"
#include "run_knowledge.h"
#include "run_options.h"
#include "textfile.h"

struct live {
    struct run_options run;
    struct run_knowledge *knowledge; /* the dataplane's first; then the attendant's */
    struct live_device_options device_options;
    struct live_device device;
    struct live_attendant *attendant; /* once its thread has ended */
    struct audit_setup audit;         /* without paths: no boxes */
    const char *textfile_path;        /* null: none is written */
    const char *user;
    bool never_sheds;
};

enum live_option {
    OPTION_SOURCE = OPTION_OWN,
    OPTION_FORWARD,
    OPTION_TEXTFILE,
    OPTION_USER,
    OPTION_WHOLE_FRAMES,
    OPTION_MTU,
    OPTION_NO_SHED,
    OPTION_BOX,
    OPTION_SUBSCRIBERS,
    OPTION_LADDER,
};

static const struct option options[] = {
    {"source", required_argument, NULL, OPTION_SOURCE},
    {"forward", required_argument, NULL, OPTION_FORWARD},
    {"textfile", required_argument, NULL, OPTION_TEXTFILE},
    {"user", required_argument, NULL, OPTION_USER},
    {"mtu", required_argument, NULL, OPTION_MTU},
    {"no-shed", no_argument, NULL, OPTION_NO_SHED},
    {"whole-frames", no_argument, NULL, OPTION_WHOLE_FRAMES},
    {"box", required_argument, NULL, OPTION_BOX},
    {"subscribers", required_argument, NULL, OPTION_SUBSCRIBERS},
    {"ladder", no_argument, NULL, OPTION_LADDER},
    {NULL, 0, NULL, 0},
};

/* For the signal handlers. */
static struct dataplane *running;
static struct live_attendant *attending;
static atomic_uint_least64_t cut_ns;

static uint64_t read_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void stop_on_signal(int number)
{
    (void)number;
    dataplane_stop(running);
}

/* All workers shall have read the time before any comes to it. */
static void cut_on_signal(int number)
{
    const uint64_t notice_ns = 2000000;
    (void)number;
    atomic_store(&cut_ns, read_clock() + notice_ns);
}

static void reload_on_signal(int number)
{
    (void)number;
    live_attendant_ask(attending);
}

static void take_signals(struct dataplane *dataplane, struct live_attendant *attendant)
{
    const struct sigaction stop = {.sa_handler = stop_on_signal, .sa_flags = (int)SA_RESETHAND};
    const struct sigaction cut = {.sa_handler = cut_on_signal, .sa_flags = SA_RESTART};
    const struct sigaction reload = {.sa_handler = reload_on_signal, .sa_flags = SA_RESTART};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    running = dataplane;
    attending = attendant;
    sigaction(SIGHUP, &reload, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGUSR1, &cut, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

static int take_option(void *context, int option, const char *value, struct error *error)
{
    struct live *live = context;
    uint64_t number = 0;
    int failure;
    switch (option) {
    case OPTION_BOX:
        return audit_setup_add(&live->audit, value, error);
    case OPTION_SUBSCRIBERS:
        return prefixes_read(&live->audit.subscribers, value, error);
    case OPTION_LADDER:
        live->audit.has_ladder = true;
        return 0;
    case OPTION_SOURCE:
        live->device_options.source = value;
        return 0;
    case OPTION_FORWARD:
        live->device_options.forward = value;
        return 0;
    case OPTION_TEXTFILE:
        live->textfile_path = value;
        return 0;
    case OPTION_MTU:
        failure = text_read_unsigned(value, "--mtu", 68, 65000, &number, error);
        live->device_options.mtu = (uint16_t)number;
        return failure;
    case OPTION_NO_SHED:
        live->never_sheds = true;
        return 0;
    case OPTION_WHOLE_FRAMES:
        live->device_options.wants_whole = true;
        return 0;
    default:
        live->user = value;
        return 0;
    }
}

static struct report_context context_of(const struct live *live,
                                        const struct run_knowledge *knowledge)
{
    return run_knowledge_context(knowledge, &live->run, "dpdk",
                                 live->device_options.forward ? "inline" : "mirror");
}

/* Where an interval's report goes. */
struct outlets {
    struct report_stream *stream;
    struct textfile *textfile; /* null: none is written */
    unsigned generation;       /* of the knowledge they tell by */
    struct report_context context;
};

/* On DPDK's socket, as one object. */
static int tell_telemetry(const struct outlets *outlets, const struct tally *tally,
                          struct error *error)
{
    const struct report_style style = {.is_first = true};
    struct report *report = NULL;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return error_set(error, ENOMEM, "out of memory for a report");
    int failure = report_new(&report, &outlets->context, tally, error);
    if (!failure)
        failure = report_write(report, REPORT_NDJSON, &style, out);
    report_free(report);
    if (fclose(out) || failure) {
        free(text);
        return failure ? failure : error_set(error, ENOMEM, "out of memory for a report");
    }
    telemetry_tell(text, bytes);
    return 0;
}

static int write_report(const struct live *live, struct outlets *outlets, const struct tally *tally,
                        struct error *error)
{
    if (tally->generation != outlets->generation) {
        outlets->generation = tally->generation;
        outlets->context = context_of(live, live_attendant_knowledge(attending, tally->generation));
        report_stream_change(outlets->stream, &outlets->context);
        if (outlets->textfile)
            textfile_change(outlets->textfile, &outlets->context);
    }
    int failure = report_stream_write(outlets->stream, tally, error);
    if (!failure && outlets->textfile)
        failure = textfile_write(outlets->textfile, tally, error);
    if (!failure && live->audit.box_count)
        failure = audit_setup_write(&live->audit, tally,
                                    live->run.format == REPORT_TABLE ? AUDIT_TABLE : AUDIT_NDJSON,
                                    stdout, error);
    return failure ? failure : tell_telemetry(outlets, tally, error);
}

static int write_reports(const struct live *live, struct dataplane *dataplane,
                         struct outlets *outlets, struct error *error)
{
    const struct policy_options *policy = &live->audit.policy;
    struct tally *tally;
    int failure = tally_new(&tally, PROTOCOLS_MAX, error);
    if (failure)
        return failure;
    tally_resize(tally, 0);
    failure = tally_add_policy(tally, policy->views, policy->view_count, error);
    while (!failure && dataplane_next(dataplane, tally))
        failure = write_report(live, outlets, tally, error);
    tally_free(tally);
    return failure ? failure : report_stream_end(outlets->stream, error);
}

/* The attendant has all knowledge from here on. */
static int attend_and_report(struct live *live, struct dataplane *dataplane,
                             struct outlets *outlets, struct error *error)
{
    const struct live_attendant_options attendance = {
        .dataplane = dataplane, .run = &live->run, .device = &live->device, .cut_ns = &cut_ns};
    struct live_attendant *attendant;
    struct run_knowledge *knowledge = live->knowledge;
    live->knowledge = NULL;
    int failure = live_attendant_start(&attendant, &attendance, knowledge, error);
    if (failure)
        return failure;
    take_signals(dataplane, attendant);
    failure = write_reports(live, dataplane, outlets, error);
    signal(SIGHUP, SIG_IGN);
    live_attendant_stop(attendant);
    live->attendant = attendant;
    return failure;
}

/* Where reports go is known to work before the first frame is taken. */
static int open_outlets(const struct live *live, struct outlets *outlets, struct error *error)
{
    outlets->context = context_of(live, live->knowledge);
    int failure =
        report_stream_new(&outlets->stream, &outlets->context, live->run.format, stdout, error);
    if (!failure && live->textfile_path)
        failure = textfile_new(&outlets->textfile, live->textfile_path, &outlets->context, error);
    return failure;
}

static int start_dataplane(struct live *live, struct source *const *sources, unsigned count,
                           struct dataplane **dataplane, struct error *error)
{
    if (count == live->run.dataplane.worker_count)
        return dataplane_start_each(dataplane, &live->run.dataplane, sources, error);
    return dataplane_start(dataplane, &live->run.dataplane, sources[0], error);
}

static int run_dataplane(struct live *live, struct source *const *sources, unsigned count,
                         struct error *error)
{
    struct outlets outlets = {.generation = 0};
    struct dataplane *dataplane;
    int failure = privilege_drop(live->user, live->device.needs_network, error);
    if (!failure)
        failure = open_outlets(live, &outlets, error);
    if (failure) {
        for (unsigned i = 0; i < count; i++)
            source_close(sources[i]);
    } else {
        failure = start_dataplane(live, sources, count, &dataplane, error);
        if (!failure) {
            failure = telemetry_start(dataplane, error);
            if (!failure)
                failure = attend_and_report(live, dataplane, &outlets, error);
            telemetry_stop();
            privilege_raise_network();
            dataplane_free(dataplane);
        }
    }
    textfile_free(outlets.textfile);
    report_stream_free(outlets.stream);
    return failure;
}

static void tell_complaint(void *context, const char *input, const char *text)
{
    (void)context;
    command_complain("%s: %s", input, text);
}

static int open_sources(const struct live *live, struct source **sources, unsigned *count,
                        struct error *error)
{
    const struct live_device *device = &live->device;
    struct source_dpdk_options source = {
        .port_count = device->port_count,
        .forwards = live->device_options.forward != NULL,
        .queue_count = device->queue_count,
        .frame_bytes = device->frame_bytes,
        .interval_ns = live->run.interval_ns,
        .start_ns = read_clock(),
        .cut_ns = &cut_ns,
        .waiting_frames = device->waiting_frames,
        .is_cut = device->is_cut,
        .mtu = live->device_options.mtu,
        .binds_threads = device->binds_threads,
        .never_sheds = live->never_sheds,
        .complaint = {.tell = tell_complaint},
    };
    memcpy(source.ports, device->ports, sizeof source.ports);
    return source_dpdk_open(sources, live->run.dataplane.worker_count, count, &source, error);
}

/* How much payload of each packet the tiers look at. Signatures also read on for the endpoints that
 * long messages name. */
static uint32_t payload_asked_for(const struct classifier_options *classifier)
{
    enum { STOCHASTIC_BYTES = 12 };
    if (classifier->tiers & 1u << TIER_SIGNATURES)
        return xdp_headers_whole;
    return classifier->tiers & 1u << TIER_STOCHASTIC ? STOCHASTIC_BYTES : 0;
}

static int listen_live(struct live *live, struct error *error)
{
    const struct classifier_options *classifier = &live->run.dataplane.classifier;
    live->device_options.payload_bytes = payload_asked_for(classifier);
    live->device_options.keep_encapsulated = classifier->packet.keep_encapsulated;
    struct source *sources[RUN_WORKERS_MAX];
    unsigned count = 0;
    int failure = live_device_open(&live->device, &live->device_options, error);
    if (!failure)
        failure = source_dpdk_start(live->device.argument_count, live->device.arguments, error);
    if (!failure) {
        failure = open_sources(live, sources, &count, error);
        if (!failure)
            failure = run_dataplane(live, sources, count, error);
        source_dpdk_stop();
    }
    live_device_close(&live->device);
    return failure;
}

static int listen_with_knowledge(struct live *live)
{
    struct error error = {0};
    live->knowledge = calloc(1, sizeof *live->knowledge);
    int failure = live->knowledge ? run_knowledge_open(live->knowledge, &live->run, NULL, &error)
                                  : error_set(&error, ENOMEM, "out of memory for rules");
    if (!failure && live->audit.path_count)
        failure = audit_setup_open(&live->audit, &live->run, live->knowledge, &error);
    if (!failure)
        failure = listen_live(live, &error);
    audit_setup_close(&live->audit);
    live_attendant_free(live->attendant);
    if (live->knowledge)
        run_knowledge_close(live->knowledge);
    free(live->knowledge);
    if (failure)
        command_complain("%s", error.text);
    return command_flush(failure ? EXIT_FAILED : EXIT_GOOD);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct live live = {.run = run_options_default(), .user = "nobody"};
    const struct run_options_own own = {.table = options, .take = take_option, .context = &live};
    live.run.format = REPORT_NDJSON;
    live.run.interval_ns = 60000000000;
    live.run.dataplane.is_live = true;
    live.run.dataplane.protocol_room = PROTOCOLS_MAX;
    int outcome = run_options_read(&live.run, command, argc, argv, &own);
    if (outcome != RUN_OPTIONS_GOOD)
        return outcome;
    if (!live.device_options.source)
        return command_misused(command, "listen to what? give --source");
    bool is_summed = live.run.format == REPORT_CSV || live.run.format == REPORT_PROMETHEUS;
    if (live.audit.path_count && (is_summed || live.run.dataplane.worker_count != 1))
        return command_misused(command, "--box: audits are tables or JSON, and boxes see all "
                                        "traffic, which takes one worker");
    live.audit.keeps_tiers = true;
    live.audit.context.source_kind = "dpdk";
    live.audit.context.link = live.device_options.forward ? "inline" : "mirror";
    live.device_options.argument_count = (unsigned)(argc - optind);
    live.device_options.arguments = (const char *const *)argv + optind;
    return listen_with_knowledge(&live);
}

const struct command command_live = {
    .name = "live",
    .summary = "listen to a port and report what passes, per protocol",
    .usage = "glassbox live --source SOURCE [OPTION...] [-- DPDK-ARGUMENT...]",
    .help =
        "Counts what passes a mirror port, or passes through this machine, and prints one report "
        "per\n"
        "interval. Nothing else leaves: no address, no name, no payload. Ends with a last report "
        "on\n"
        "SIGINT and SIGTERM; SIGUSR1 ends the interval and reports at once; SIGHUP loads rules "
        "anew.\n\n"
        "  --source SOURCE    af_packet:IFACE  any interface, through the kernel\n"
        "                     af_xdp:IFACE     faster, where the interface's driver has XDP\n"
        "                     dpdk             DPDK's first port, by the arguments after --\n"
        "  --forward A:B      be a bump in the wire: send each frame on, untouched, between two\n"
        "                     interfaces (--source af_packet or af_xdp) or DPDK ports (as in "
        "0:1);\n"
        "                     without it, nothing is ever sent\n"
        "  --box BOX.yaml     after each report say what this box would have done "
        "(docs/audit-report\n"
        "                     .md); may be given several times. Boxes see the tiers of --tiers\n"
        "  --subscribers LIST prefixes of subscribers, for boxes' up and down\n"
        "  --ladder           and what each would do seeing fewer or more of these tiers\n"
        "  --textfile FILE    keep the totals in FILE for Prometheus' textfile collector\n"
        "  --whole-frames     let af_xdp hand over payload that no tier asked for (default: the "
        "kernel\n"
        "                     takes it off)\n"
        "  --no-shed          look at every frame that is fetched: under overload the port then "
        "loses\n"
        "                     frames, which is reported, instead of having some only counted\n"
        "  --mtu BYTES        have DPDK's ports take frames of that size (for jumbo frames)\n"
        "  --user NAME        become this user once the port is open (default: "
        "nobody)\n" RUN_OPTIONS_HELP
        "\nExit status: 0 after a signal to stop, 1 when something failed, 2 when the command was\n"
        "misused.\n",
    .run = run,
};

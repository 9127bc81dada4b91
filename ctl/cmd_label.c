/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox label: runs the labeller until told to stop, then writes the truth CSV and, on request,
 * the capture it belongs to. With eval the one command that handles single flows, which is what it
 * is for. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "command.h"
#include "dataplane/label.h"
#include "dataplane/label_capture.h"
#include "label_csv.h"

enum { SECOND_NS = 1000000000, SECOND_MS = 1000, FLOWS_MAX = 1 << 24 };

/* What the command line asks for; its texts are argv's. */
struct request {
    struct label_options label;
    struct label_rule *rules;
    struct label_endpoint *endpoints;
    const char **interfaces;
    size_t interface_count;
    const char *output;  /* null: standard output */
    const char *capture; /* null: none */
    const char *name;    /* of the capture, in the CSV's first column; null: by `capture` */
    uint64_t length_ns;  /* 0: until a signal */
};

struct run {
    struct label *label;
    struct label_capture *capture; /* null: none */
    FILE *output;
    int signal_fd;
};

enum label_option {
    OPTION_CGROUP = 256,
    OPTION_BY_UNIT,
    OPTION_ENDPOINT,
    OPTION_OUTPUT,
    OPTION_CAPTURE,
    OPTION_INTERFACE,
    OPTION_NAME,
    OPTION_SECONDS,
    OPTION_FLOWS,
};

static const struct option options[] = {
    {"cgroup", required_argument, NULL, OPTION_CGROUP},
    {"by-unit", no_argument, NULL, OPTION_BY_UNIT},
    {"endpoint", required_argument, NULL, OPTION_ENDPOINT},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"capture", required_argument, NULL, OPTION_CAPTURE},
    {"interface", required_argument, NULL, OPTION_INTERFACE},
    {"name", required_argument, NULL, OPTION_NAME},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"flows", required_argument, NULL, OPTION_FLOWS},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static uint64_t clock_read_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* Cuts "WHAT=LABEL" in two. WHAT may hold '=', a label cannot: the last one parts them. Returns the
 * label, or null. */
static const char *label_cut(char *text)
{
    char *equals = strrchr(text, '=');
    if (!equals || equals == text)
        return NULL;
    *equals = '\0';
    return equals + 1;
}

static int take_rule(struct request *request, char *text, struct error *error)
{
    const char *label = label_cut(text);
    if (!label || (!label_text_check(label) && strcmp(label, LABEL_BY_NAME) != 0))
        return error_set(error, EINVAL,
                         "--cgroup needs PATH=PROTOCOL, PATH=PROTOCOL/SERVICE or PATH=*, in lower "
                         "case");
    request->rules[request->label.rule_count++] = (struct label_rule){text, label};
    return 0;
}

/* Reads "192.0.2.1" or "[2001:db8::1]". */
static bool address_read(char *text, struct label_endpoint *endpoint)
{
    size_t length = strlen(text);
    endpoint->ip_version = *text == '[' ? 6 : 4;
    if (endpoint->ip_version == 4)
        return inet_pton(AF_INET, text, endpoint->address) == 1;
    if (text[length - 1] != ']')
        return false;
    text[length - 1] = '\0';
    return inet_pton(AF_INET6, text + 1, endpoint->address) == 1;
}

static int take_endpoint(struct request *request, char *text, struct error *error)
{
    struct label_endpoint *endpoint = &request->endpoints[request->label.endpoint_count];
    uint64_t port = 0;
    endpoint->label = label_cut(text);
    char *colon = strrchr(text, ':');
    if (colon)
        *colon = '\0';
    if (!endpoint->label || !label_text_check(endpoint->label) || !colon ||
        text_read_unsigned(colon + 1, "port", 1, UINT16_MAX, &port, NULL) < 0 ||
        !address_read(text, endpoint))
        return error_set(error, EINVAL,
                         "--endpoint needs ADDRESS:PORT=LABEL, an IPv6 address in brackets");
    endpoint->port = (uint16_t)port;
    request->label.endpoint_count++;
    return 0;
}

static int take_flows(struct request *request, const char *text, struct error *error)
{
    uint64_t flows = 0;
    int failure = text_read_unsigned(text, "--flows", 1, FLOWS_MAX, &flows, error);
    request->label.halves_max = 2 * (unsigned)flows;
    return failure;
}

static int take_option(struct request *request, int option, char *value, struct error *error)
{
    switch (option) {
    case OPTION_CGROUP:
        return take_rule(request, value, error);
    case OPTION_BY_UNIT:
        request->label.by_unit = true;
        return 0;
    case OPTION_ENDPOINT:
        return take_endpoint(request, value, error);
    case OPTION_OUTPUT:
        request->output = value;
        return 0;
    case OPTION_CAPTURE:
        request->capture = value;
        return 0;
    case OPTION_INTERFACE:
        request->interfaces[request->interface_count++] = value;
        return 0;
    case OPTION_NAME:
        request->name = value;
        return 0;
    case OPTION_SECONDS:
        return text_read_seconds(value, "--seconds", &request->length_ns, error);
    default:
        return take_flows(request, value, error);
    }
}

static const char *capture_name(const struct request *request)
{
    if (request->name || !request->capture)
        return request->name ? request->name : "";
    const char *slash = strrchr(request->capture, '/');
    return slash ? slash + 1 : request->capture;
}

static void tell_flows(const char *what, uint64_t flows, const struct label_total *total)
{
    command_complain("label: %" PRIu64 " flows %s (%" PRIu64 " packets, %" PRIu64 " IP bytes)",
                     flows, what, total->packets, total->ip_bytes);
}

static void tell_count(uint64_t count, const char *what)
{
    if (count > 0)
        command_complain("label: %" PRIu64 " %s", count, what);
}

static void tell_labels(const struct label_counts *counts)
{
    tell_flows("labelled", counts->flows_labelled, &counts->labelled);
    tell_flows("left out: in no labelled cgroup", counts->flows_unlabelled, &counts->unlabelled);
    tell_count(counts->flows_nameless,
               "of these perhaps labelled: their cgroup was gone before its name was read");
    tell_count(counts->flows_settled, "flows with two labels: the answering end's was taken");
    if (counts->flows_conflicting > 0)
        tell_flows("left out: two labels, and nothing tells which is right",
                   counts->flows_conflicting, &counts->conflicting);
    tell_count(counts->full_packets,
               "packets not counted: too many flows at once, ask for more with --flows");
    tell_count(counts->events_lost, "cgroup events lost and sent again");
    tell_count(counts->orphan_packets, "packets not counted: their socket is in no cgroup");
}

static void tell_capture(const struct label_capture_counts *counts)
{
    command_complain("label: capture: %" PRIu64 " frames, %" PRIu64 " bytes; of the flows %" PRIu64
                     " have every packet in it, %" PRIu64 " more or fewer, %" PRIu64 " none",
                     counts->frames_written, counts->bytes_written, counts->flows_whole,
                     counts->flows_partly, counts->flows_absent);
    tell_count(counts->frames_other, "frames left out: of no labelled flow");
    tell_count(counts->frames_again, "frames left out: seen on another interface already");
    tell_count(counts->frames_late, "frames left out: captured after the end");
    tell_count(counts->frames_joined,
               "frames hold several packets each, joined by segmentation offload: "
               "ethtool -K INTERFACE tso off gso off gro off");
    tell_count(counts->dropped_kernel, "frames missing: dropped by the kernel");
    tell_count(counts->dropped_interface, "frames dropped by an interface");
}

static int signals_open(int *fd, struct error *error)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    *fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return *fd < 0 ? error_set(error, errno, "signals: %s", strerror(errno)) : 0;
}

/* The capture begins first, so that it holds whatever is counted. */
static int run_open(struct run *run, const struct request *request, struct error *error)
{
    const struct label_capture_options capture = {
        .file = request->capture,
        .interfaces = request->interfaces,
        .interface_count = request->interface_count,
    };
    int failure = signals_open(&run->signal_fd, error);
    if (!failure && request->capture)
        failure = label_capture_open(&run->capture, &capture, error);
    if (!failure)
        failure = label_open(&run->label, &request->label, error);
    if (failure)
        return failure;
    run->output = request->output ? fopen(request->output, "we") : stdout;
    return run->output ? 0 : error_set(error, errno, "%s: %s", request->output, strerror(errno));
}

/* How long to wait: until the next second's work, or the end; negative when it has come. */
static int wait_ms(uint64_t now_ns, uint64_t end_ns)
{
    if (now_ns >= end_ns)
        return -1;
    uint64_t left_ms = (end_ns - now_ns) / (SECOND_NS / SECOND_MS) + 1;
    return left_ms < SECOND_MS ? (int)left_ms : SECOND_MS;
}

static int run_loop(struct run *run, uint64_t length_ns, struct error *error)
{
    struct pollfd waits[] = {
        {.fd = run->signal_fd, .events = POLLIN},
        {.fd = label_fd(run->label), .events = POLLIN},
        {.fd = run->capture ? label_capture_fd(run->capture) : -1, .events = POLLIN},
    };
    uint64_t now_ns = clock_read_ns(CLOCK_MONOTONIC);
    uint64_t end_ns = length_ns ? now_ns + length_ns : UINT64_MAX;
    for (int ms; (ms = wait_ms(now_ns, end_ns)) >= 0; now_ns = clock_read_ns(CLOCK_MONOTONIC)) {
        if (poll(waits, sizeof waits / sizeof *waits, ms) < 0 && errno != EINTR)
            return error_set(error, errno, "poll: %s", strerror(errno));
        if (waits[0].revents != 0)
            return 0;
        int failure = label_poll(run->label, clock_read_ns(CLOCK_MONOTONIC), error);
        if (!failure && run->capture)
            failure = label_capture_poll(run->capture, error);
        if (failure)
            return failure;
    }
    return 0;
}

static int flows_write(const struct run *run, const struct request *request, struct error *error)
{
    size_t count;
    const struct label_flow *flows = label_flows(run->label, &count);
    uint64_t epoch_ns = clock_read_ns(CLOCK_REALTIME) - clock_read_ns(CLOCK_MONOTONIC);
    label_csv_write(run->output, capture_name(request), flows, count, epoch_ns);
    if (fflush(run->output) == 0 && !ferror(run->output))
        return 0;
    return error_set(error, errno, "%s: %s", request->output ? request->output : "standard output",
                     strerror(errno));
}

static int capture_write(const struct run *run, uint64_t until_ns, struct error *error)
{
    struct label_capture_counts counts = {0};
    size_t count;
    const struct label_flow *flows = label_flows(run->label, &count);
    int failure = label_capture_finish(run->capture, flows, count, until_ns, &counts, error);
    if (!failure)
        tell_capture(&counts);
    return failure;
}

static int run_finish(struct run *run, const struct request *request, struct error *error)
{
    uint64_t until_ns = clock_read_ns(CLOCK_REALTIME);
    int failure = label_stop(run->label, error);
    if (failure)
        return failure;
    failure = flows_write(run, request, error);
    tell_labels(label_counts(run->label));
    if (!failure && run->capture)
        failure = capture_write(run, until_ns, error);
    return failure;
}

static void run_close(struct run *run)
{
    label_capture_close(run->capture);
    label_close(run->label);
    if (run->output && run->output != stdout)
        fclose(run->output);
    if (run->signal_fd >= 0)
        close(run->signal_fd);
}

/* Scripts wait for the line that says labelling has begun: what starts before it is missing. What
 * goes wrong later ends the run, and what was counted until then is written all the same. */
static int label_run(const struct request *request)
{
    struct run run = {.signal_fd = -1};
    struct error error = {0};
    int failure = run_open(&run, request, &error);
    if (failure) {
        command_complain("label: %s", error.text);
    } else {
        command_complain("label: labelling");
        failure = run_loop(&run, request->length_ns, &error);
        if (failure)
            command_complain("label: %s", error.text);
        int unfinished = run_finish(&run, request, &error);
        if (unfinished)
            command_complain("label: %s", error.text);
        failure = failure ? failure : unfinished;
    }
    run_close(&run);
    return failure ? EXIT_FAILED : EXIT_GOOD;
}

static int request_check(const struct command *command, const struct request *request)
{
    if (request->label.rule_count == 0 && !request->label.by_unit)
        return command_misused(command, "which programs? --cgroup PATH=LABEL or --by-unit");
    if (request->interface_count > 0 && !request->capture)
        return command_misused(command, "--interface is for --capture");
    return EXIT_GOOD;
}

static int request_read(const struct command *command, struct request *request, int argc,
                        char **argv)
{
    struct error error = {0};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
        if (option == '?')
            return command_misused(command, "unknown option '%s'", argv[optind - 1]);
        if (option == ':')
            return command_misused(command, "%s needs a value", argv[optind - 1]);
        if (take_option(request, option, optarg, &error))
            return command_misused(command, "%s", error.text);
    }
    if (optind < argc)
        return command_misused(command, "it takes no argument '%s'", argv[optind]);
    request->label.rules = request->rules;
    request->label.endpoints = request->endpoints;
    return request_check(command, request);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

static int run(const struct command *command, int argc, char **argv)
{
    if (asks_for_help(argc, argv))
        return command_help(command);
    struct request request = {.label = {.halves_max = LABEL_HALVES_DEFAULT}};
    size_t places = (size_t)argc;
    request.rules = calloc(places, sizeof *request.rules);
    request.endpoints = calloc(places, sizeof *request.endpoints);
    request.interfaces = calloc(places, sizeof *request.interfaces);
    int exit_code = EXIT_FAILED;
    if (!request.rules || !request.endpoints || !request.interfaces)
        command_complain("label: out of memory");
    else
        exit_code = request_read(command, &request, argc, argv);
    if (exit_code == EXIT_GOOD)
        exit_code = label_run(&request);
    free(request.rules);
    free(request.endpoints);
    free(request.interfaces);
    return exit_code;
}

const struct command command_label = {
    .name = "label",
    .summary = "tell flows' protocols from the programs that own them",
    .usage = "glassbox label (--cgroup PATH=LABEL | --by-unit)... [OPTION...]",
    .help =
        "Asks the kernel which control group each TCP and UDP flow's sockets were made in, in all\n"
        "network namespaces, and writes the flows of labelled groups as the truth CSV that eval\n"
        "reads. Needs root, and Linux 5.14 with BPF and cgroup v2. Ends at SIGINT or SIGTERM.\n\n"
        "  --cgroup PATH=LABEL  programs in this control group, or below, speak LABEL, which is\n"
        "                       PROTOCOL or PROTOCOL/SERVICE; the deepest PATH holds. PATH=*: the\n"
        "                       groups right below PATH are named after their labels\n"
        "  --by-unit            the other groups are labelled with their systemd unit's name\n"
        "  --endpoint ADDRESS:PORT=LABEL\n"
        "                       who talks to this endpoint speaks LABEL, whatever his group: a\n"
        "                       resolver elsewhere, say (an IPv6 address in brackets)\n"
        "  --output FILE        where the CSV goes (default: standard output)\n"
        "  --capture FILE       write the labelled flows' frames there too, as pcap\n"
        "  --interface NAME     capture on this interface, may be repeated (default: any)\n"
        "  --name NAME          what the CSV calls the capture (default: FILE's last part)\n"
        "  --seconds S          end after S seconds\n"
        "  --flows N            flows that can be open at once (default: 131072)\n\n"
        "What it could not label or count is told on standard error. Label another network\n"
        "namespace's capture with: nsenter --net=/run/netns/NAME glassbox label ...\n\n"
        "Exit status: 0 when all is written, 1 when something is missing (one line says what), 2\n"
        "when the command was misused.\n",
    .run = run,
};

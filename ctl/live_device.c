/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks at interfaces, huge pages and privileges, and writes DPDK's arguments. */
#include "live_device.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "command.h"
#include "dataplane/source_dpdk.h"
#include "dataplane/xdp_headers.h"
#include "privilege.h"

enum driver { DRIVER_DPDK, DRIVER_AF_PACKET, DRIVER_AF_XDP };

enum {
    LINK_BYTES = 14 + 2 * 4, /* Ethernet, two VLAN tags */
    RING_HEADER_BYTES = 128, /* before each frame in a packet socket's ring, rounded up */
    RING_FRAME_BYTES = 2048, /* least */
    RING_BYTES = 64 << 20,   /* per interface: the kernel's patience with this program */
    XDP_MTU_MAX = 3498,      /* a frame must fit a page together with its headroom */
    HUGE_MEGABYTES_LEAST = 128,
    MEGABYTES = 512, /* of ordinary memory where there are no huge pages */
};

/* Does the user's own argument `name` stand among those passed on? */
static bool is_given(const struct live_device_options *options, const char *name)
{
    for (unsigned i = 0; i < options->argument_count; i++) {
        if (strncmp(options->arguments[i], name, strlen(name)) == 0)
            return true;
    }
    return false;
}

static void add_argument(struct live_device *device, const char *argument)
{
    if (device->argument_count < LIVE_DEVICE_ARGUMENTS)
        device->arguments[device->argument_count++] = argument;
}

static uint64_t free_huge_megabytes(void)
{
    uint64_t pages = 0;
    uint64_t kilobytes = 0;
    char line[128];
    FILE *memory = fopen("/proc/meminfo", "re");
    while (memory && fgets(line, sizeof line, memory)) {
        if (strncmp(line, "HugePages_Free:", 15) == 0)
            pages = strtoull(line + 15, NULL, 10);
        if (strncmp(line, "Hugepagesize:", 13) == 0)
            kilobytes = strtoull(line + 13, NULL, 10);
    }
    if (memory)
        fclose(memory);
    return pages * kilobytes / 1024;
}

/* Ordinary memory will do where no huge pages are free; they only make it faster. */
static void choose_memory(struct live_device *device, const struct live_device_options *options)
{
    if (is_given(options, "--no-huge") || is_given(options, "--in-memory") ||
        is_given(options, "--huge-dir"))
        return;
    if (free_huge_megabytes() >= HUGE_MEGABYTES_LEAST) {
        add_argument(device, "--in-memory");
        return;
    }
    snprintf(device->text[0], sizeof device->text[0], "%d", MEGABYTES);
    add_argument(device, "--no-huge");
    add_argument(device, "--no-shconf");
    if (is_given(options, "-m"))
        return;
    add_argument(device, "-m");
    add_argument(device, device->text[0]);
}

static struct ifreq request_for(const char *interface)
{
    struct ifreq request = {.ifr_name = ""};
    memcpy(request.ifr_name, interface, strnlen(interface, sizeof request.ifr_name - 1));
    return request;
}

static int ask(int listener, const char *interface, unsigned long request, struct ifreq *answer,
               struct error *error)
{
    *answer = request_for(interface);
    if (ioctl(listener, request, answer) == 0)
        return 0;
    return error_set(error, errno, "interface %s: %s", interface, strerror(errno));
}

/* Offloads that glue frames together before anybody sees them. */
static bool merges_frames(int listener, const char *interface)
{
    struct ethtool_value value = {.cmd = ETHTOOL_GGRO};
    struct ifreq request = request_for(interface);
    request.ifr_data = (void *)&value;
    return ioctl(listener, SIOCETHTOOL, &request) == 0 && value.data;
}

/* Taken back by the kernel when the socket is closed, however the process ends. */
static int listen_to_all(const struct live_device *device, const char *interface,
                         struct error *error)
{
    const struct packet_mreq request = {.mr_ifindex = (int)if_nametoindex(interface),
                                        .mr_type = PACKET_MR_PROMISC};
    if (setsockopt(device->listener, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request))
        return error_set(error, errno, "interface %s: cannot listen to all frames: %s", interface,
                         strerror(errno));
    return 0;
}

static int check_interface(struct live_device *device, const char *interface, enum driver driver,
                           struct error *error)
{
    struct ifreq answer;
    if (!if_nametoindex(interface))
        return error_set(error, ENODEV, "there is no interface '%s': `ip link` lists them",
                         interface);
    int failure = ask(device->listener, interface, SIOCGIFFLAGS, &answer, error);
    if (failure)
        return failure;
    if (!(answer.ifr_flags & IFF_UP))
        return error_set(error, ENETDOWN, "interface %s is down: `ip link set %s up`", interface,
                         interface);
    failure = ask(device->listener, interface, SIOCGIFMTU, &answer, error);
    if (failure)
        return failure;
    if (driver == DRIVER_AF_XDP && answer.ifr_mtu > XDP_MTU_MAX)
        return error_set(error, EMSGSIZE,
                         "interface %s: af_xdp receives frames up to an MTU of %d, this is %d: `ip "
                         "link set %s mtu 1500`, or use af_packet",
                         interface, XDP_MTU_MAX, answer.ifr_mtu, interface);
    uint32_t frame_bytes = (uint32_t)answer.ifr_mtu + LINK_BYTES;
    if (frame_bytes > device->frame_bytes)
        device->frame_bytes = frame_bytes;
    if (merges_frames(device->listener, interface))
        command_complain("interface %s merges frames before they are counted, and cuts the result: "
                         "`ethtool -K %s gro off lro off`",
                         interface, interface);
    return listen_to_all(device, interface, error);
}

/* How many receive queues the interface spreads its frames over. */
static unsigned queues_of(const char *interface)
{
    char path[128];
    unsigned count = 0;
    snprintf(path, sizeof path, "/sys/class/net/%s/queues", interface);
    DIR *queues = opendir(path);
    if (!queues)
        return 1;
    for (const struct dirent *entry; (entry = readdir(queues));)
        count += strncmp(entry->d_name, "rx-", 3) == 0;
    closedir(queues);
    return count ? count : 1;
}

/* A ring of 64 MB whose places hold the largest frame: powers of two, as the kernel wants them. */
static void describe_af_packet(struct live_device *device, unsigned index, const char *interface)
{
    uint32_t place_bytes = RING_FRAME_BYTES;
    while (place_bytes < device->frame_bytes + RING_HEADER_BYTES)
        place_bytes *= 2;
    if (place_bytes > RING_FRAME_BYTES) /* the driver wants buffers as large as places */
        device->frame_bytes = place_bytes;
    uint32_t block_bytes = place_bytes < 4096 ? 4096 : place_bytes;
    device->waiting_frames = RING_BYTES / place_bytes;
    snprintf(device->text[index + 1], sizeof device->text[0],
             "--vdev=net_af_packet%u,iface=%s,qpairs=1,blocksz=%u,framesz=%u,framecnt=%u", index,
             interface, block_bytes, place_bytes, device->waiting_frames);
}

static bool is_set(const char *interface, const char *setting)
{
    char path[128];
    char value[32];
    snprintf(path, sizeof path, "/sys/class/net/%s/%s", interface, setting);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool is_read = fgets(value, sizeof value, file);
    fclose(file);
    return is_read && strtoul(value, NULL, 10) != 0;
}

/* The driver polls the device from the thread that fetches, unless told not to. Only where somebody
 * has the device hold its interrupts back for that does it help: else every look at an empty ring
 * is a system call, and the kernel's share of the work moves to the very processor that fetches. */
static bool is_made_for_busy_polling(const char *interface)
{
    return is_set(interface, "napi_defer_hard_irqs") && is_set(interface, "gro_flush_timeout");
}

static void describe_af_xdp(struct live_device *device, unsigned index, const char *interface)
{
    unsigned queues = queues_of(interface);
    device->queue_count = (uint16_t)queues;
    snprintf(device->text[index + 1], sizeof device->text[0],
             "--vdev=net_af_xdp%u,iface=%s,start_queue=0,queue_count=%u%s", index, interface,
             queues, is_made_for_busy_polling(interface) ? "" : ",busy_budget=0");
}

/* Puts our own program in front of the sockets instead of the driver's. A card that writes frames
 * to memory which is ours would have written the payload, too: then the kernel must copy. */
static int put_program(struct live_device *device, const struct live_device_options *options,
                       struct error *error)
{
    const struct xdp_headers_options program = {.payload_bytes = options->payload_bytes,
                                                .keep_encapsulated = options->keep_encapsulated};
    bool is_cut = options->payload_bytes != xdp_headers_whole;
    char path[XDP_HEADERS_PATH];
    if (options->forward || options->wants_whole)
        return 0;
    device->program = xdp_headers_make(path, &program, error);
    if (device->program == -ENOTSUP || (device->program < 0 && !is_cut))
        return 0;
    if (device->program < 0)
        return device->program;
    char *text = device->text[1];
    size_t length = strlen(text);
    snprintf(text + length, sizeof device->text[0] - length, ",xdp_prog=%s%s", path,
             is_cut ? ",force_copy=1" : "");
    device->is_cut = is_cut;
    return 0;
}

static int open_interface(struct live_device *device, const char *interface, enum driver driver,
                          struct error *error)
{
    unsigned index = device->port_count++;
    device->ports[index] = (uint16_t)index;
    snprintf(device->names[index], sizeof device->names[index], "%s", interface);
    int failure = check_interface(device, interface, driver, error);
    if (failure)
        return failure;
    if (driver == DRIVER_AF_XDP)
        describe_af_xdp(device, index, interface);
    else
        describe_af_packet(device, index, interface);
    add_argument(device, device->text[index + 1]);
    return 0;
}

static int check_kernel(struct live_device *device, enum driver driver, struct error *error)
{
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    if (!privilege_has_network())
        return error_set(error, EPERM,
                         "opening an interface needs the capabilities net_raw and net_admin: run "
                         "as root (they are given up once it is open)");
    device->listener = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (device->listener < 0)
        return error_set(error, errno, "no packet socket to be had: %s", strerror(errno));
    if (driver != DRIVER_AF_XDP)
        return 0;
    int probe = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return error_set(error, errno,
                         "this kernel has no XDP sockets (CONFIG_XDP_SOCKETS): use af_packet");
    close(probe);
    setrlimit(RLIMIT_MEMLOCK, &unlimited); /* kernels before 5.11 count maps against it */
    return 0;
}

/* Both ends of a bump in the wire. */
static int split_forward(const char *forward, char names[2][IF_NAMESIZE], struct error *error)
{
    const char *colon = strchr(forward, ':');
    size_t first_length = colon ? (size_t)(colon - forward) : 0;
    size_t second_length = colon ? strlen(colon + 1) : 0;
    if (!first_length || !second_length || first_length >= IF_NAMESIZE ||
        second_length >= IF_NAMESIZE)
        return error_set(error, EINVAL, "--forward: '%s' is not two of them, A:B", forward);
    memcpy(names[0], forward, first_length);
    memcpy(names[1], colon + 1, second_length);
    if (strcmp(names[0], names[1]) != 0)
        return 0;
    return error_set(error, EINVAL, "--forward: '%s' are one and the same", forward);
}

static int open_interfaces(struct live_device *device, const struct live_device_options *options,
                           const char *interface, enum driver driver, struct error *error)
{
    char names[2][IF_NAMESIZE] = {"", ""};
    int failure = options->forward ? split_forward(options->forward, names, error) : 0;
    if (!options->forward)
        snprintf(names[0], sizeof names[0], "%s", interface);
    if (!failure)
        failure = check_kernel(device, driver, error);
    device->needs_network = driver == DRIVER_AF_XDP;
    add_argument(device, "--no-pci");
    for (unsigned i = 0; !failure && i < 2 && *names[i]; i++)
        failure = open_interface(device, names[i], driver, error);
    if (!failure && driver == DRIVER_AF_XDP)
        failure = put_program(device, options, error);
    return failure;
}

static int read_port(const char *text, uint16_t *port, struct error *error)
{
    uint64_t number = 0;
    int failure = text_read_unsigned(text, "--forward", 0, UINT16_MAX, &number, error);
    *port = (uint16_t)number;
    return failure;
}

static int choose_ports(struct live_device *device, const struct live_device_options *options,
                        struct error *error)
{
    char names[2][IF_NAMESIZE] = {"", ""};
    device->port_count = options->forward ? 2 : 1;
    int failure = options->forward ? split_forward(options->forward, names, error) : 0;
    for (unsigned i = 0; !failure && i < 2 && *names[i]; i++)
        failure = read_port(names[i], &device->ports[i], error);
    for (unsigned i = 0; i < device->port_count; i++)
        snprintf(device->names[i], sizeof device->names[i], "DPDK port %u", device->ports[i]);
    return failure;
}

static int read_source(const struct live_device_options *options, enum driver *driver,
                       const char **interface, struct error *error)
{
    static const struct {
        const char *name;
        enum driver driver;
    } drivers[] = {
        {"dpdk", DRIVER_DPDK}, {"af_packet", DRIVER_AF_PACKET}, {"af_xdp", DRIVER_AF_XDP}};
    size_t length = strcspn(options->source, ":");
    *interface = options->source[length] ? options->source + length + 1 : "";
    for (unsigned i = 0; i < sizeof drivers / sizeof *drivers; i++) {
        if (strlen(drivers[i].name) != length ||
            strncmp(options->source, drivers[i].name, length) != 0)
            continue;
        *driver = drivers[i].driver;
        bool needs_interface = *driver != DRIVER_DPDK && !options->forward;
        if (needs_interface == (**interface != '\0'))
            return 0;
    }
    return error_set(error, EINVAL,
                     "--source: '%s' is none of af_packet:IFACE, af_xdp:IFACE (without :IFACE when "
                     "they stand in --forward), dpdk",
                     options->source);
}

int live_device_open(struct live_device *device, const struct live_device_options *options,
                     struct error *error)
{
    enum driver driver = DRIVER_DPDK;
    const char *interface;
    *device = (struct live_device){.listener = -1, .program = -1};
    int failure = read_source(options, &driver, &interface, error);
    if (failure)
        return failure;
    if (options->mtu && driver != DRIVER_DPDK)
        return error_set(error, EINVAL,
                         "--mtu is for --source dpdk: for an interface, `ip link set IFACE mtu %u`",
                         options->mtu);
    device->binds_threads =
        is_given(options, "-l") || is_given(options, "-c") || is_given(options, "--lcores");
    failure = driver == DRIVER_DPDK ? choose_ports(device, options, error)
                                    : open_interfaces(device, options, interface, driver, error);
    if (failure)
        return failure;
    choose_memory(device, options);
    if (!is_given(options, "--file-prefix"))
        add_argument(device, "--file-prefix=glassbox");
    for (unsigned i = 0; i < options->argument_count; i++)
        add_argument(device, options->arguments[i]);
    if (device->argument_count == LIVE_DEVICE_ARGUMENTS)
        return error_set(error, E2BIG, "too many arguments for DPDK");
    return 0;
}

bool live_device_is_up(const struct live_device *device, unsigned port)
{
    struct ifreq answer;
    if (device->listener < 0)
        return source_dpdk_has_link(device->ports[port]);
    return ask(device->listener, device->names[port], SIOCGIFFLAGS, &answer, NULL) == 0 &&
           answer.ifr_flags & IFF_RUNNING;
}

void live_device_close(struct live_device *device)
{
    if (device->program >= 0)
        close(device->program);
    if (device->listener >= 0)
        close(device->listener);
}

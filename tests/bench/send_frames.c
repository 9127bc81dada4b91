/* SPDX-License-Identifier: BSD-3-Clause */
/* send_frames INTERFACE FRAMES_A_SECOND SECONDS FLOWS: sends minimum-size frames out of an
 * interface, evenly, as fast as it can when the rate is 0, and prints how many it sent in which
 * time. So many flows are open at a time; for every sixteenth frame the oldest of them ends and
 * another begins. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "traffic.h"

enum { BATCH = 64, FRAME_BYTES = 60, FRAMES_A_FLOW = 16, ALL_TYPES = 3, QDISC_BYPASS = 20 };

static const uint64_t second_ns = 1000000000;

struct sender {
    int line;
    uint32_t flows;
    uint64_t sent;
    struct random random;
    uint8_t bytes[BATCH][FRAME_BYTES];
    struct iovec pieces[BATCH];
    struct mmsghdr messages[BATCH];
};

static void give_up(const char *what)
{
    fprintf(stderr, "send_frames: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t read_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

/* Past the queueing discipline: what the interface does not take is told to the sender. */
static void open_line(struct sender *sender, const char *interface)
{
    const int yes = 1;
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ALL_TYPES),
                                  .sll_ifindex = (int)if_nametoindex(interface)};
    sender->line = socket(AF_PACKET, SOCK_RAW, 0);
    if (sender->line < 0 || !address.sll_ifindex ||
        bind(sender->line, (const struct sockaddr *)&address, sizeof address) ||
        setsockopt(sender->line, SOL_PACKET, QDISC_BYPASS, &yes, sizeof yes))
        give_up(interface);
    for (unsigned i = 0; i < BATCH; i++) {
        sender->pieces[i] = (struct iovec){.iov_base = sender->bytes[i], .iov_len = FRAME_BYTES};
        sender->messages[i].msg_hdr.msg_iov = &sender->pieces[i];
        sender->messages[i].msg_hdr.msg_iovlen = 1;
    }
}

static void send_batch(struct sender *sender, unsigned count)
{
    const uint32_t hosts = 1 << 24;
    for (unsigned i = 0; i < count; i++) {
        uint64_t oldest = (sender->sent + i) / FRAMES_A_FLOW;
        uint64_t flow = oldest + random_below(&sender->random, sender->flows);
        traffic_frame(sender->bytes[i], FRAME_BYTES, (uint32_t)(flow % hosts), flow & 1);
    }
    for (unsigned done = 0; done < count;) {
        int sent = sendmmsg(sender->line, sender->messages + done, count - done, 0);
        if (sent > 0)
            done += (unsigned)sent;
        else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
            give_up("cannot send");
    }
    sender->sent += count;
}

/* As many as are due by now, in whole batches unless that would be early. */
static unsigned due_frames(const struct sender *sender, uint64_t rate, uint64_t passed_ns)
{
    if (!rate)
        return BATCH;
    uint64_t due = (uint64_t)((double)passed_ns * (double)rate / 1e9);
    uint64_t missing = due > sender->sent ? due - sender->sent : 0;
    return missing < BATCH ? (unsigned)missing : BATCH;
}

int main(int argc, char **argv)
{
    static struct sender sender = {.random = {3}};
    if (argc != 5) {
        fputs("usage: send_frames INTERFACE FRAMES_A_SECOND SECONDS FLOWS\n", stderr);
        return 2;
    }
    uint64_t rate = strtoull(argv[2], NULL, 10);
    uint64_t length_ns = (uint64_t)(strtod(argv[3], NULL) * 1e9);
    sender.flows = (uint32_t)strtoul(argv[4], NULL, 10);
    if (!sender.flows || !length_ns)
        return 2;
    open_line(&sender, argv[1]);
    const uint64_t start_ns = read_clock();
    uint64_t passed_ns = 0;
    while (passed_ns < length_ns) {
        unsigned count = due_frames(&sender, rate, passed_ns);
        if (count)
            send_batch(&sender, count);
        if (count < BATCH / 4)
            usleep(20);
        passed_ns = read_clock() - start_ns;
    }
    printf("{\"sent\": %llu, \"seconds\": %.3f}\n", (unsigned long long)sender.sent,
           (double)passed_ns / 1e9);
    close(sender.line);
    return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts data packets and turns the counts into values; decides nothing. */
#include "classifier/feature.h"

#include <string.h>

enum { SIZE_KEPT_MAX = 16382, RUN_MAX = INT16_MAX, PER_MILLE = 1000 };

#define QUARTER_OCTAVES "1/4 octave of a microsecond"
#define SIXTEENTHS      "1/16 octave of a microsecond"
#define OF_ROUND_TRIP   "1/4 octave of the round trip"
#define SIXTEENTHS_TRIP "1/16 octave of the round trip"

static const struct feature_info features[FEATURES] = {
    [FEATURE_TRANSPORT] = {"transport", "IP protocol number", "6 for TCP, 17 for UDP"},
    [FEATURE_PACKETS] = {"packets", "packets", "data packets so far"},
    [FEATURE_SIZE_FIRST] = {"size_1", "bytes", "payload of data packet 1, negative if backward"},
    {"size_2", "bytes", "payload of data packet 2, negative if backward"},
    {"size_3", "bytes", "payload of data packet 3, negative if backward"},
    {"size_4", "bytes", "payload of data packet 4, negative if backward"},
    {"size_5", "bytes", "payload of data packet 5, negative if backward"},
    {"size_6", "bytes", "payload of data packet 6, negative if backward"},
    {"size_7", "bytes", "payload of data packet 7, negative if backward"},
    {"size_8", "bytes", "payload of data packet 8, negative if backward"},
    [FEATURE_GAP_FIRST] = {"gap_1", QUARTER_OCTAVES, "time between data packets 1 and 2"},
    {"gap_2", QUARTER_OCTAVES, "time between data packets 2 and 3"},
    {"gap_3", QUARTER_OCTAVES, "time between data packets 3 and 4"},
    {"gap_4", QUARTER_OCTAVES, "time between data packets 4 and 5"},
    {"gap_5", QUARTER_OCTAVES, "time between data packets 5 and 6"},
    {"gap_6", QUARTER_OCTAVES, "time between data packets 6 and 7"},
    {"gap_7", QUARTER_OCTAVES, "time between data packets 7 and 8"},
    [FEATURE_PACE_FIRST] = {"pace_1", OF_ROUND_TRIP, "gap_1 divided by the round trip"},
    {"pace_2", OF_ROUND_TRIP, "gap_2 divided by the round trip"},
    {"pace_3", OF_ROUND_TRIP, "gap_3 divided by the round trip"},
    {"pace_4", OF_ROUND_TRIP, "gap_4 divided by the round trip"},
    {"pace_5", OF_ROUND_TRIP, "gap_5 divided by the round trip"},
    {"pace_6", OF_ROUND_TRIP, "gap_6 divided by the round trip"},
    {"pace_7", OF_ROUND_TRIP, "gap_7 divided by the round trip"},
    [FEATURE_RUN_FIRST] = {"run_1", "bytes", "sum of size_ over the first run of one direction"},
    {"run_2", "bytes", "sum of size_ over the second run"},
    {"run_3", "bytes", "sum of size_ over the third run"},
    {"run_4", "bytes", "sum of size_ over the fourth run"},
    [FEATURE_FORWARD_PACKETS] = {"forward_packets", "packets", "forward data packets"},
    [FEATURE_FORWARD_MEAN] = {"forward_mean", "bytes", "mean of their payloads"},
    [FEATURE_FORWARD_SPREAD] = {"forward_spread", "bytes", "standard deviation of the same"},
    [FEATURE_FORWARD_LEAST] = {"forward_least", "bytes", "least of the same"},
    [FEATURE_FORWARD_MOST] = {"forward_most", "bytes", "largest of the same"},
    [FEATURE_BACKWARD_PACKETS] = {"backward_packets", "packets", "backward data packets"},
    [FEATURE_BACKWARD_MEAN] = {"backward_mean", "bytes", "mean of their payloads"},
    [FEATURE_BACKWARD_SPREAD] = {"backward_spread", "bytes", "standard deviation of the same"},
    [FEATURE_BACKWARD_LEAST] = {"backward_least", "bytes", "least of the same"},
    [FEATURE_BACKWARD_MOST] = {"backward_most", "bytes", "largest of the same"},
    [FEATURE_FORWARD_SHARE] = {"forward_share", "per mille", "forward part of all payload bytes"},
    [FEATURE_TURNS] = {"turns", "per mille", "data packets that run against the one before"},
    [FEATURE_MEAN_GAP] = {"mean_gap", SIXTEENTHS, "mean of the logarithms of all gaps"},
    [FEATURE_MEAN_PACE] = {"mean_pace", SIXTEENTHS_TRIP, "mean_gap divided by the round trip"},
    [FEATURE_GAP_SPREAD] = {"gap_spread", SIXTEENTHS, "standard deviation of those logarithms"},
    [FEATURE_LONGEST_GAP] = {"longest_gap", QUARTER_OCTAVES, "the longest gap"},
    [FEATURE_LONGEST_PACE] = {"longest_pace", OF_ROUND_TRIP, "longest_gap by the round trip"},
    [FEATURE_RUN_GAP] = {"run_gap", SIXTEENTHS, "mean over gaps between packets of one direction"},
    [FEATURE_RUN_PACE] = {"run_pace", SIXTEENTHS_TRIP, "run_gap divided by the round trip"},
    [FEATURE_TURN_GAP] = {"turn_gap", SIXTEENTHS, "mean over gaps at which the direction turns"},
    [FEATURE_TURN_PACE] = {"turn_pace", SIXTEENTHS_TRIP, "turn_gap divided by the round trip"},
    [FEATURE_REPEATS] = {"repeats", "per mille", "as large as the one before in its direction"},
    [FEATURE_RESIDUES] = {"residues", "per mille", "so modulo 16, whether as large or not"},
    [FEATURE_MULTIPLES_OF_8] = {"multiples_of_8", "per mille", "payload is a multiple of 8"},
    [FEATURE_MULTIPLES_OF_16] = {"multiples_of_16", "per mille", "payload is a multiple of 16"},
    [FEATURE_FULL] = {"full", "per mille", "as large as the largest of the flow"},
};

const struct feature_info *feature_get(enum feature feature)
{
    return &features[feature];
}

int feature_find(const char *name)
{
    for (int i = 0; i < FEATURES; i++) {
        if (!strcmp(features[i].name, name))
            return i;
    }
    return -1;
}

unsigned feature_checkpoint_packets(unsigned checkpoint)
{
    return 2u << checkpoint;
}

unsigned feature_checkpoint_of(unsigned data_packets)
{
    return data_packets <= 2 ? 0 : 31u - (unsigned)__builtin_clz(data_packets - 1);
}

static uint32_t us_of(const struct packet *packet)
{
    return (uint32_t)(packet->time_ns / 1000);
}

/* floor(4 log2(us)): the highest bit gives the octave, three bounds part it: 2^(n/4) by 2^31. */
static uint8_t quarter_octaves(uint32_t us)
{
    if (us == 0)
        return 0;
    unsigned octave = 31u - (unsigned)__builtin_clz(us);
    uint32_t within = us << (31u - octave);
    static const uint32_t bounds[] = {2553802834, 3037000500, 3611622603};
    unsigned quarters = 4 * octave;
    for (unsigned i = 0; i < 3; i++)
        quarters += within >= bounds[i];
    return (uint8_t)quarters;
}

static uint8_t gap_between(uint32_t earlier_us, uint32_t later_us)
{
    uint32_t gap_us = later_us - earlier_us;
    return gap_us <= INT32_MAX ? quarter_octaves(gap_us) : 0;
}

/* 0 says that there is none. */
static unsigned round_trip_of(uint8_t gap)
{
    return gap ? gap & 127u : 1u;
}

void feature_open(struct feature_head *head, const struct packet *packet, unsigned direction)
{
    if (packet->tcp_flags & TCP_SYN && !head->sizes[0]) {
        bool is_answer = packet->tcp_flags & TCP_ACK;
        head->is_reversed = (direction ^ is_answer) & 1u;
        if (direction == 0) {
            head->round_trip = FEATURE_ROUND_TRIP_RUNS;
            head->last_us = us_of(packet);
        }
    } else if (head->round_trip == FEATURE_ROUND_TRIP_RUNS && direction == 0) {
        head->round_trip = round_trip_of(gap_between(head->last_us, us_of(packet))) & 127u;
    }
}

void feature_count(struct feature_head *head, const struct packet *packet, unsigned direction,
                   unsigned data_packets)
{
    unsigned side = direction ^ head->is_reversed;
    unsigned i = data_packets - 1;
    uint32_t bytes = packet->payload_bytes < SIZE_KEPT_MAX ? packet->payload_bytes : SIZE_KEPT_MAX;
    head->sizes[i] = (int16_t)(side ? -(int)bytes - 1 : (int)bytes + 1);
    if (head->round_trip == FEATURE_ROUND_TRIP_RUNS && !(packet->tcp_flags & TCP_SYN))
        head->round_trip = 0; /* the packet that ends it was not captured */
    if (i > 0) {
        uint8_t gap = gap_between(head->last_us, us_of(packet));
        head->gaps[i - 1] = gap;
        if (head->round_trip == 0 && side && head->sizes[i - 1] > 0)
            head->round_trip = round_trip_of(gap) & 127u;
    }
    head->last_us = us_of(packet);
}

static uint8_t plus(uint8_t count, bool is_one_more)
{
    return (uint8_t)(count + is_one_more);
}

static void count_size(struct feature_tail *tail, unsigned which, uint32_t bytes)
{
    struct feature_side *side = &tail->sides[which];
    uint16_t size = (uint16_t)(bytes < FEATURE_SIZE_MAX ? bytes : FEATURE_SIZE_MAX);
    if (side->packets) {
        tail->repeats = plus(tail->repeats, size == side->last);
        tail->residues = plus(tail->residues, size % 16 == side->last % 16);
    }
    tail->multiples_of_8 = plus(tail->multiples_of_8, size % 8 == 0);
    tail->multiples_of_16 = plus(tail->multiples_of_16, size % 16 == 0);
    if (side->packets == 0 || size < side->least)
        side->least = size;
    if (side->packets == 0 || size > side->most) {
        side->most = size;
        side->full = 0;
    }
    side->full = plus(side->full, size == side->most);
    side->last = size;
    side->bytes += size;
    side->squares += (uint32_t)size * size;
    side->packets++;
}

static void count_gap(struct feature_tail *tail, unsigned side, uint8_t gap)
{
    bool is_turn = side != tail->last_side;
    tail->turns = plus(tail->turns, is_turn);
    tail->gaps[is_turn] = (uint16_t)(tail->gaps[is_turn] + gap);
    tail->gap_squares += (uint32_t)gap * gap;
    if (gap > tail->longest_gap)
        tail->longest_gap = gap;
}

static unsigned head_side(const struct feature_head *head, unsigned i)
{
    return head->sizes[i] < 0;
}

static uint32_t head_bytes(const struct feature_head *head, unsigned i)
{
    int size = head->sizes[i];
    return (uint32_t)(size < 0 ? -size : size) - 1;
}

static void replay_head(struct feature_tail *tail, const struct feature_head *head, unsigned count)
{
    *tail = (struct feature_tail){.last_us = head->last_us, .is_reversed = head->is_reversed};
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            count_gap(tail, head_side(head, i), head->gaps[i - 1]);
        count_size(tail, head_side(head, i), head_bytes(head, i));
        tail->last_side = (uint8_t)head_side(head, i);
    }
}

void feature_tail_begin(struct feature_tail *tail, const struct feature_head *head)
{
    replay_head(tail, head, FEATURE_HEAD_PACKETS);
}

void feature_tail_count(struct feature_tail *tail, const struct packet *packet, unsigned direction)
{
    unsigned side = direction ^ tail->is_reversed;
    count_gap(tail, side, gap_between(tail->last_us, us_of(packet)));
    count_size(tail, side, packet->payload_bytes);
    tail->last_side = (uint8_t)side;
    tail->last_us = us_of(packet);
}

/* The largest whole number whose square is at most `square`. */
static uint32_t root_of(uint64_t square)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 16; bit; bit >>= 1) {
        if ((root | bit) * (root | bit) <= square)
            root |= bit;
    }
    return (uint32_t)root;
}

/* Standard deviation of `count` numbers by their sum and the sum of their squares. */
static int16_t spread_of(uint64_t count, uint64_t sum, uint64_t squares)
{
    return (int16_t)root_of((count * squares - sum * sum) / (count * count));
}

static int16_t per_mille(uint64_t part, uint64_t whole)
{
    return (int16_t)(part * PER_MILLE / whole);
}

static void read_side(const struct feature_side *side, int16_t *values)
{
    values[0] = side->packets;
    if (side->packets == 0)
        return;
    values[1] = (int16_t)(side->bytes / side->packets);
    values[2] = spread_of(side->packets, side->bytes, side->squares);
    values[3] = (int16_t)side->least;
    values[4] = (int16_t)side->most;
}

static void read_head(const struct feature_head *head, unsigned count, int16_t *values)
{
    unsigned run = 0;
    int run_bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned side = head_side(head, i);
        if (i > 0 && side != head_side(head, i - 1)) {
            run++;
            run_bytes = 0;
        }
        int bytes = (int)head_bytes(head, i);
        int clipped = bytes < FEATURE_SIZE_MAX ? bytes : FEATURE_SIZE_MAX;
        values[FEATURE_SIZE_FIRST + i] = (int16_t)(side ? -clipped : clipped);
        run_bytes = run_bytes + bytes < RUN_MAX ? run_bytes + bytes : RUN_MAX;
        if (run < FEATURE_RUNS)
            values[FEATURE_RUN_FIRST + run] = (int16_t)(side ? -run_bytes : run_bytes);
        if (i == 0)
            continue;
        values[FEATURE_GAP_FIRST + i - 1] = head->gaps[i - 1];
        if (head->round_trip)
            values[FEATURE_PACE_FIRST + i - 1] = (int16_t)(head->gaps[i - 1] - head->round_trip);
    }
}

/* A mean in sixteenths of an octave, and what it is of the round trip. */
static void read_mean(unsigned sum, unsigned count, unsigned round_trip, int16_t *gap,
                      int16_t *pace)
{
    if (count == 0)
        return;
    *gap = (int16_t)(4 * sum / count);
    if (round_trip)
        *pace = (int16_t)(*gap - 4 * (int)round_trip);
}

static void read_gaps(const struct feature_tail *tail, unsigned round_trip, unsigned gaps,
                      int16_t *values)
{
    if (gaps == 0)
        return;
    unsigned sum = (unsigned)tail->gaps[0] + tail->gaps[1];
    values[FEATURE_TURNS] = per_mille(tail->turns, gaps);
    read_mean(sum, gaps, round_trip, &values[FEATURE_MEAN_GAP], &values[FEATURE_MEAN_PACE]);
    read_mean(tail->gaps[0], gaps - tail->turns, round_trip, &values[FEATURE_RUN_GAP],
              &values[FEATURE_RUN_PACE]);
    read_mean(tail->gaps[1], tail->turns, round_trip, &values[FEATURE_TURN_GAP],
              &values[FEATURE_TURN_PACE]);
    values[FEATURE_GAP_SPREAD] = spread_of(gaps, 4 * sum, 16 * tail->gap_squares);
    values[FEATURE_LONGEST_GAP] = tail->longest_gap;
    if (round_trip)
        values[FEATURE_LONGEST_PACE] = (int16_t)(tail->longest_gap - (int)round_trip);
}

static unsigned full_of(const struct feature_tail *tail)
{
    const struct feature_side *forward = &tail->sides[0];
    const struct feature_side *backward = &tail->sides[1];
    if (forward->most == backward->most)
        return (unsigned)forward->full + backward->full;
    return forward->most > backward->most ? forward->full : backward->full;
}

static void read_tail(const struct feature_tail *tail, unsigned round_trip, unsigned packets,
                      int16_t *values)
{
    read_side(&tail->sides[0], &values[FEATURE_FORWARD_PACKETS]);
    read_side(&tail->sides[1], &values[FEATURE_BACKWARD_PACKETS]);
    uint64_t bytes = (uint64_t)tail->sides[0].bytes + tail->sides[1].bytes;
    if (bytes)
        values[FEATURE_FORWARD_SHARE] = per_mille(tail->sides[0].bytes, bytes);
    read_gaps(tail, round_trip, packets - 1, values);
    values[FEATURE_REPEATS] = per_mille(tail->repeats, packets);
    values[FEATURE_RESIDUES] = per_mille(tail->residues, packets);
    values[FEATURE_MULTIPLES_OF_8] = per_mille(tail->multiples_of_8, packets);
    values[FEATURE_MULTIPLES_OF_16] = per_mille(tail->multiples_of_16, packets);
    values[FEATURE_FULL] = per_mille(full_of(tail), packets);
}

void feature_read(const struct feature_head *head, const struct feature_tail *tail,
                  uint8_t protocol, unsigned data_packets, int16_t values[FEATURES])
{
    for (unsigned i = 0; i < FEATURES; i++)
        values[i] = FEATURE_MISSING;
    values[FEATURE_TRANSPORT] = protocol;
    values[FEATURE_PACKETS] = (int16_t)data_packets;
    unsigned kept = data_packets < FEATURE_HEAD_PACKETS ? data_packets : FEATURE_HEAD_PACKETS;
    struct feature_tail replayed;
    if (!tail) {
        replay_head(&replayed, head, kept);
        tail = &replayed;
    }
    unsigned round_trip = head->round_trip == FEATURE_ROUND_TRIP_RUNS ? 0 : head->round_trip;
    read_head(head, kept, values);
    read_tail(tail, round_trip, data_packets, values);
}

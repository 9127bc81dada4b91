/* SPDX-License-Identifier: BSD-3-Clause */
/* What is remembered of a flow, and how packets change it. No address, port or payload is: the key
 * is a keyed hash, the rest are counts and verdicts. Written by the worker that owns the table. */
#ifndef CLASSIFIER_FLOW_H
#define CLASSIFIER_FLOW_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "classifier/feature.h"
#include "classifier/flow_key.h"
#include "classifier/tally.h"

enum flow_state {
    FLOW_SYN = 1,            /* TCP: began with a SYN, so its sequence numbers are known */
    FLOW_FIN_FORWARD = 2,    /* TCP: closed by the side that sent the first packet */
    FLOW_FIN_BACKWARD = 4,   /* TCP: closed by the other side */
    FLOW_RESET = 8,          /* TCP: reset by either side */
    FLOW_SEEN_BACKWARD = 16, /* the other side has sent something */
    FLOW_STARTED_HIGH = 32,  /* the first packet ran from the higher to the lower (address, port) */
    FLOW_SEQUENCE_FORWARD = 64,   /* next_sequence[0] is valid */
    FLOW_SEQUENCE_BACKWARD = 128, /* next_sequence[1] is valid */
};

/* What the signatures tier still wants of a flow; 0 when nothing. */
enum flow_watch {
    FLOW_WATCH_FORWARD = 1,   /* payload of direction 0 is looked at */
    FLOW_WATCH_BACKWARD = 2,  /* payload of direction 1 */
    FLOW_WATCH_ANNOUNCER = 4, /* every payload is read for endpoints of other flows */
    FLOW_WATCH_HELD = 8,      /* flow_detail.watch_slot is valid, unless it was taken since */
    FLOW_WATCH_LIKELY = 16,   /* the tier's verdict: anything certain replaces it */
    FLOW_WATCH_CERTAIN = 32,  /* the tier's verdict: only what refines it replaces it */
    FLOW_WATCH_REVERSED = 64, /* direction 1 is the side that began (the first packet answers) */
    FLOW_WATCH_UNKNOWN = 128, /* who began was not captured */
};

/* What the headers tier still wants of a flow. */
enum flow_headers {
    FLOW_HEADERS_DONE, /* nothing */
    FLOW_HEADERS_HEAD, /* its first data packets, in flow_detail.head */
    FLOW_HEADERS_TAIL, /* later ones: this number and those above it name a feature_tail */
};

/* Direction 0 is that of the flow's first packet. The hot line is touched by every packet; the cold
 * one when a flow begins, is reported, reaches a verdict or ends. */
struct flow {
    struct flow_key key;
    uint64_t last_ns;
    uint64_t unreported_bytes;
    uint32_t unreported_packets;
    uint32_t next_sequence[2]; /* TCP, per direction: the sequence number after the last data */
    uint16_t data_packets; /* TCP: with payload that was not there before; others: all. Saturates */
    uint16_t verdict[TIERS]; /* protocol by tier, PROTOCOL_UNKNOWN while undecided */
    uint8_t state;           /* set of enum flow_state */
    uint8_t protocol;        /* IP protocol number */
    uint8_t watch;           /* set of enum flow_watch */
    uint8_t epoch;           /* interval its unreported counts belong to; the classifier's */
    uint16_t stamp;          /* when it was last used, coarsely; the flow table's */
    uint32_t headers;        /* enum flow_headers, or the headers clock's tail beyond it */
};

/* How sure the headers tier was of a flow when it last looked, decided or not. */
struct flow_surety {
    bool is_known;       /* false: it never looked, and the rest says nothing */
    uint16_t best;       /* the class with the best score, PROTOCOL_UNKNOWN for none of ours */
    uint16_t confidence; /* that it is that class, of UINT16_MAX; calibrated */
    uint16_t p_value;    /* per mille of that class's own flows that score no higher */
};

struct flow_detail {
    uint64_t reported_bytes;         /* flushed to tallies so far */
    uint64_t reported_packets;       /* likewise */
    uint64_t bytes_before_verdict;   /* up to and including the packet that brought the verdict */
    uint32_t packets_before_verdict; /* likewise; 0 while there is none */
    uint32_t watch_slot;             /* of the signatures tier, with FLOW_WATCH_HELD */
    uint16_t host_bit;               /* of the initiator, in tally_cell.hosts */
    uint16_t service;                /* whom it is for; SERVICE_NONE while nobody is known */
    union {
        struct feature_head head;  /* what the headers tier saw so far, while it wants the flow */
        struct flow_surety surety; /* what it made of that, once it does not */
    };
};

static_assert(sizeof(struct flow) <= 64, "the hot part of a flow is one cache line");
static_assert(sizeof(struct flow_detail) <= 64, "a whole flow is two cache lines");

/* Idle times after which a flow is over, by packet time. */
struct flow_timeouts {
    uint64_t tcp_closed_ns; /* after FIN from both sides, or RST */
    uint64_t tcp_ns;
    uint64_t udp_ns;
    uint64_t other_ns;
};

/* 5 s, 300 s, 120 s, 60 s. */
struct flow_timeouts flow_timeouts_default(void);

/* A record that holds only its key becomes a flow that `packet` begins. */
void flow_begin(struct flow *flow, struct flow_detail *detail, const struct packet *packet);

/* Is the flow over at `now_ns`? Time that ran backwards by more than the idle time is another
 * recording's, and ends it as well. */
bool flow_is_idle(const struct flow *flow, const struct flow_timeouts *timeouts, uint64_t now_ns);

/* Would `packet` begin a new flow under the same 5-tuple: it opens a connection that was closed? */
bool flow_is_reopened(const struct flow *flow, const struct packet *packet);

/* 0 when the packet runs like the flow's first one, 1 when against it. */
unsigned flow_direction(const struct flow *flow, const struct packet *packet);

/* TCP: the sequence number at which the packet's direction goes on as far as is known; the packet's
 * own when nothing is. To be asked before flow_update. */
uint32_t flow_expected(const struct flow *flow, const struct packet *packet);

/* Counts the packet and follows TCP. Returns whether it is a data packet: one that the headers
 * clock ticks for. */
bool flow_update(struct flow *flow, const struct packet *packet);

/* Sets a tier's verdict. What had been seen before the strongest verdict changed is noted. */
void flow_decide(struct flow *flow, struct flow_detail *detail, enum tier tier, uint16_t protocol);

/* The strongest tier that has a verdict, or -1. */
int flow_winner(const struct flow *flow);

/* Moves what is unreported to the tally, under the verdict the flow has. */
void flow_report(struct flow *flow, struct flow_detail *detail, struct tally *tally);

enum flow_end { FLOW_ENDED, FLOW_EVICTED, FLOW_CUT };

/* Reports the rest, and the flow itself. */
void flow_finish(struct flow *flow, struct flow_detail *detail, enum flow_end end,
                 struct tally *tally);

#endif

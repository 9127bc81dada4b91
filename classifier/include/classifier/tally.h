/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts per protocol: the only thing derived from traffic that leaves a worker. A tally holds no
 * address, port, name, payload or row about a single flow.
 *
 * Law: seen + carried_over = cells (unknown included) + non_ip + malformed + orphan_fragments
 * + shed + unreported, in frames and in bytes. tally_balance() measures the difference. */
#ifndef CLASSIFIER_TALLY_H
#define CLASSIFIER_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/packet.h"
#include "classifier/policy_tally.h"
#include "classifier/protocol.h"
#include "classifier/services.h"
#include "classifier/tier.h"

/* Bytes are wire bytes of whole frames without FCS. */
struct tally_count {
    uint64_t frames;
    uint64_t bytes;
};

/* A flow's packets up to and including the one that brought its last verdict: 1, 2, 3-4, 5-8, 9-16,
 * 17-32, more. */
enum { VERDICT_STEPS = 7 };

/* Initiating addresses are remembered as one bit each of a keyed hash, so that a cell can be told
 * to stem from at least so many of them. Two addresses can share a bit, one never sets two: the
 * number of bits set never exceeds the number of addresses. */
enum { TALLY_HOST_BITS = 1024 };

enum { TALLY_SQUARE_BYTES = 64 };

/* How finely the fit of a model is counted: HEADERS_LEVELS. */
enum { TALLY_FIT_CELLS = 16 };

struct tally_cell {
    uint64_t packets;
    uint64_t bytes;
    uint64_t flows; /* that ended, under their last verdict */
    struct {
        uint64_t flows;
        uint64_t bytes;
    } by_tier[TIERS]; /* under the winning tier; all zero for unknown */
    uint64_t packets_before_verdict[VERDICT_STEPS]; /* flows, by when their verdict came */
    uint64_t bytes_before_verdict; /* of those flows, the deciding packet included */
    uint64_t hosts[TALLY_HOST_BITS / 64];
};

struct tally_flows {
    uint64_t ended;   /* closed, idle, evicted or cut, in this interval */
    uint64_t evicted; /* of the ended: to make room in a full table */
    uint64_t cut;     /* of the ended: still open when the input ended */
    uint64_t one_way; /* of the ended: packets in one direction only */
    uint64_t active;  /* open when the interval ended */
};

/* Flows that ended with a verdict from both tiers. */
struct tally_agreement {
    uint64_t same_flows;
    uint64_t different_flows;
    uint64_t same_bytes;
    uint64_t different_bytes;
};

/* Flows whose name told whom they are for. Packets before the name was read are among them unless
 * they were reported before. */
struct tally_service {
    uint64_t packets;
    uint64_t bytes;
    uint64_t flows; /* that ended */
    uint64_t hosts[TALLY_HOST_BITS / 64];
};

/* What the signatures tier did, and what it could not do for want of room. */
struct tally_signatures {
    uint64_t payloads;      /* looked at, each time its stream grew */
    uint64_t bytes;         /* in them */
    uint64_t watches_lost;  /* undecided flows that gave their place up to newer ones */
    uint64_t named;         /* endpoints that messages named for other flows */
    uint64_t named_lost;    /* of these, forgotten for want of room before they expired */
    uint64_t related_flows; /* that began from or to such an endpoint */
};

/* What the stochastic tier did, and what it could not do for want of room. */
struct tally_stochastic {
    uint64_t endpoints; /* begun: first seen, or seen again after they had gone */
    uint64_t evicted;   /* endpoints that gave their place up to others */
    uint64_t windows;   /* of payloads that were filled */
    uint64_t rejected;  /* of these: like no protocol of the model */
};

/* What the headers tier made of flows with data, whatever tier won in the end. */
struct tally_headers {
    uint64_t flows; /* that ended, by the tier's verdict; of PROTOCOL_UNKNOWN: it gave none */
    uint64_t bytes; /* of these */
    /* Sum of the squares of the flows' bytes, in TALLY_SQUARE_BYTES, a flow being at least one: it
     * tells how few flows the bytes hang on. Stays at UINT64_MAX once there. */
    uint64_t squares;
    /* Flows by the class that scored highest when the tier decided or gave up, in the cells of
     * headers_fit_cells; background's are PROTOCOL_UNKNOWN's. */
    uint64_t fit[TALLY_FIT_CELLS];
    uint64_t hosts[TALLY_HOST_BITS / 64]; /* of `flows` */
};

/* Losses before the classifier saw a frame, as the source knows them; not part of `seen`. */
struct tally_losses {
    uint64_t nic;
    uint64_t kernel;
    uint64_t source;
    uint64_t forward; /* seen, but not sent on: only where frames are forwarded */
};

struct tally {
    uint64_t interval_ns; /* start of the interval, since 1970; 0 when the run is one interval */
    uint64_t end_ns;      /* where it was cut off or another began; 0 when that is not known */
    uint64_t first_ns;    /* earliest and latest frame; UINT64_MAX and 0 when none was seen */
    uint64_t last_ns;
    unsigned generation; /* of the knowledge it was counted by: 0, and one more by each change */
    struct tally_count seen;
    struct tally_count carried_over; /* counted as unreported at the previous interval's end */
    struct tally_count malformed[PACKET_OUTCOMES]; /* by reason; only malformed outcomes are used */
    struct tally_count orphan_fragments;           /* later fragments whose first was not seen */
    struct tally_count shed;               /* not looked at, because the workers were behind */
    struct tally_count unreported;         /* in open flows, to be reported later */
    uint64_t truncated;                    /* frames captured shorter than the wire's */
    uint64_t fragments;                    /* frames that are IP fragments */
    uint64_t encapsulated[ENCAPSULATIONS]; /* frames */
    uint64_t tunnels_not_entered; /* looked like a tunnel, but what it held did not read as one */
    struct tally_losses dropped;
    struct tally_flows flows;
    struct tally_agreement agreement[TIERS][TIERS]; /* [weaker][stronger] */
    struct tally_stochastic stochastic;
    struct tally_signatures signatures;
    unsigned protocol_count;
    unsigned protocol_room;        /* it was made for */
    struct tally_count *non_ip;    /* [protocol_count]: frames that are not IP, by their own name */
    struct tally_cell *cells;      /* [protocol_count] */
    struct tally_headers *headers; /* [protocol_count] */
    struct tally_service *services; /* [SERVICES_MAX]; that of SERVICE_NONE stays empty */
    struct policy_tally *policy;    /* what boxes would have done; null without boxes */
};

/* An empty tally with room for `protocol_count` protocols. Returns 0 or -errno. */
int tally_new(struct tally **tally, unsigned protocol_count, struct error *error);
void tally_free(struct tally *tally);

/* Gives it room for what boxes do; none for no views. Tallies that are merged have it for the same
 * views. Returns 0 or -errno. */
int tally_add_policy(struct tally *tally, const struct policy_view *views, unsigned count,
                     struct error *error);

/* Empty again. */
void tally_clear(struct tally *tally);

/* Makes a tally one for so many protocols, at most as many as there is room for: for more, or while
 * it is empty. */
void tally_resize(struct tally *tally, unsigned protocol_count);

/* Adds `from` to `into`; both have the same number of protocols. Active flows add up, too: tallies
 * that are merged come from different workers, or are followed by one that says it anew. */
void tally_merge(struct tally *into, const struct tally *from);

/* Adds one cell to another. */
void tally_cell_merge(struct tally_cell *into, const struct tally_cell *from);

/* Adds the interval that follows the run `into` holds: counts add up; what is open or unreported is
 * as this interval left it, and what was carried over as the first one found it. The interval may
 * have more protocols than those before, where there is room. */
void tally_append(struct tally *into, const struct tally *next);

/* Adds one service's counts to another's. */
void tally_service_merge(struct tally_service *into, const struct tally_service *from);

/* Likewise for a service. */
unsigned tally_service_hosts(const struct tally_service *service);

/* One more flow that ended with so many bytes. */
void tally_headers_count(struct tally_headers *headers, uint64_t bytes);

/* Likewise for what the headers tier counted. */
unsigned tally_headers_hosts(const struct tally_headers *headers);

/* How many distinct initiating addresses a cell was seen from, at least. */
unsigned tally_cell_hosts(const struct tally_cell *cell);

/* The two sides of the law. They are equal, or something was lost or counted twice. */
struct tally_balance {
    struct tally_count seen; /* with what was carried over */
    struct tally_count non_ip;
    struct tally_count malformed;
    struct tally_count protocols; /* without unknown */
    struct tally_count accounted; /* all of the right side */
};
struct tally_balance tally_balance(const struct tally *tally);

#endif

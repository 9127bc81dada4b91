/* SPDX-License-Identifier: BSD-3-Clause */
/* States made on demand. A pattern is told where it is found, and its places then leave the set:
 * whether it matches is all that is asked. */
#include "signature_states.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    STATES_MAX = 1024,
    MEMBERS_MAX = 1 << 16, /* places of all states; as many as one state can have */
    SLOTS = 2 * STATES_MAX,
    NOT_MADE = 0,
    PAYLOAD_END = -1, /* instead of a symbol */
    FIRST_STATE = 1,
    IS_SPECIAL = 0x8000, /* in the table: on entering it there is something to tell, or an end */
};

/* members[start..]: the places a match can be at, then those where a pattern was just found, each
 * in ascending order. */
struct state {
    uint32_t start;
    uint16_t place_count;
    uint16_t told_count; /* of different patterns */
};

struct gathered {
    unsigned place_count, told_count;
    uint16_t *places; /* [automaton.place_count] */
    uint16_t *told;   /* [automaton.pattern_count] */
};

struct states {
    const struct automaton *automaton; /* may be gone when this is freed */
    unsigned symbol_count, place_room;
    unsigned state_count; /* with FIRST_STATE and the one before it, which is none */
    unsigned member_count;
    struct state *state; /* [STATES_MAX] */
    uint16_t *members;   /* [MEMBERS_MAX] */
    uint16_t *next;      /* [STATES_MAX][symbol_count]: NOT_MADE, or a state and IS_SPECIAL */
    uint16_t *slots;     /* [SLOTS]: states by the hash of their members; 0: free */
    struct gathered gathered;
    uint64_t step;         /* number of the set being gathered */
    uint64_t *place_seen;  /* [place_count]: the last step that met it */
    uint64_t *pattern_met; /* [pattern_count]: the last step that found it */
};

static uint16_t *row_of(const struct states *states, unsigned state)
{
    return &states->next[(size_t)state * states->symbol_count];
}

static uint32_t hash_of(const struct gathered *set)
{
    uint32_t hash = 2166136261u;
    for (unsigned i = 0; i < set->place_count; i++)
        hash = (hash ^ set->places[i]) * 16777619u;
    hash = (hash ^ set->told_count) * 16777619u;
    for (unsigned i = 0; i < set->told_count; i++)
        hash = (hash ^ set->told[i]) * 16777619u;
    return hash ^ hash >> 15;
}

static bool is_state(const struct states *states, unsigned index, const struct gathered *set)
{
    const struct state *state = &states->state[index];
    const uint16_t *members = &states->members[state->start];
    return state->place_count == set->place_count && state->told_count == set->told_count &&
           !memcmp(members, set->places, set->place_count * sizeof *members) &&
           !memcmp(members + set->place_count, set->told, set->told_count * sizeof *members);
}

/* The state's slot, or the free one where it belongs. */
static uint16_t *slot_of(struct states *states, const struct gathered *set)
{
    unsigned at = hash_of(set) % SLOTS;
    while (states->slots[at] && !is_state(states, states->slots[at], set))
        at = (at + 1) % SLOTS;
    return &states->slots[at];
}

static unsigned add_state(struct states *states, const struct gathered *set)
{
    unsigned index = states->state_count++;
    uint16_t *members = &states->members[states->member_count];
    states->state[index] = (struct state){.start = states->member_count,
                                          .place_count = (uint16_t)set->place_count,
                                          .told_count = (uint16_t)set->told_count};
    memcpy(members, set->places, set->place_count * sizeof *members);
    memcpy(members + set->place_count, set->told, set->told_count * sizeof *members);
    states->member_count += set->place_count + set->told_count;
    return index;
}

static bool has_room(const struct states *states, const struct gathered *set)
{
    return states->state_count < STATES_MAX &&
           states->member_count + set->place_count + set->told_count <= MEMBERS_MAX;
}

/* All but the first state, which holds the place before the first byte. */
static void forget(struct states *states)
{
    uint16_t begin = AUTOMATON_BEGIN;
    const struct gathered first = {.place_count = 1, .places = &begin, .told = &begin};
    memset(states->next, 0,
           (size_t)states->state_count * states->symbol_count * sizeof *states->next);
    memset(states->slots, 0, SLOTS * sizeof *states->slots);
    states->state_count = FIRST_STATE;
    states->member_count = 0;
    *slot_of(states, &first) = (uint16_t)add_state(states, &first);
}

int states_new(struct states **states, const struct automaton *automaton, struct error *error)
{
    struct states *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    made->automaton = automaton;
    made->symbol_count = automaton->symbol_count;
    made->place_room = automaton->place_count;
    made->state = calloc(STATES_MAX, sizeof *made->state);
    made->members = calloc(MEMBERS_MAX, sizeof *made->members);
    made->next = calloc((size_t)STATES_MAX * automaton->symbol_count, sizeof *made->next);
    made->slots = calloc(SLOTS, sizeof *made->slots);
    made->gathered.places = calloc(automaton->place_count, sizeof *made->gathered.places);
    made->gathered.told = calloc(automaton->pattern_count, sizeof *made->gathered.told);
    made->place_seen = calloc(automaton->place_count, sizeof *made->place_seen);
    made->pattern_met = calloc(automaton->pattern_count, sizeof *made->pattern_met);
    if (!made->state || !made->members || !made->next || !made->slots || !made->gathered.places ||
        !made->gathered.told || !made->place_seen || !made->pattern_met) {
        states_free(made);
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    }
    forget(made);
    *states = made;
    return 0;
}

static void wipe(struct states *states)
{
    explicit_bzero(states->next,
                   (size_t)states->state_count * states->symbol_count * sizeof *states->next);
    explicit_bzero(states->members, states->member_count * sizeof *states->members);
    explicit_bzero(states->gathered.places, states->place_room * sizeof *states->gathered.places);
}

void states_free(struct states *states)
{
    if (!states)
        return;
    if (states->state_count)
        wipe(states);
    free(states->state);
    free(states->members);
    free(states->next);
    free(states->slots);
    free(states->gathered.places);
    free(states->gathered.told);
    free(states->place_seen);
    free(states->pattern_met);
    free(states);
}

static void sort(uint16_t *values, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        uint16_t value = values[i];
        unsigned at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

/* A place is reached; a pattern's second last one tells nothing new. */
static void reach(struct states *states, uint16_t index)
{
    const struct place *place = &states->automaton->place[index];
    struct gathered *set = &states->gathered;
    if (!place->is_last) {
        set->places[set->place_count++] = index;
    } else if (states->pattern_met[place->pattern] != states->step) {
        states->pattern_met[place->pattern] = states->step;
        set->told[set->told_count++] = index;
    }
}

static void drop_found(struct states *states)
{
    struct gathered *set = &states->gathered;
    unsigned kept = 0;
    for (unsigned i = 0; i < set->place_count; i++) {
        unsigned pattern = states->automaton->place[set->places[i]].pattern;
        if (states->pattern_met[pattern] != states->step)
            set->places[kept++] = set->places[i];
    }
    set->place_count = kept;
}

/* What follows the state's places: those that take the symbol, or stand for the payload's end. */
static void gather(struct states *states, unsigned state, int symbol)
{
    const struct automaton *automaton = states->automaton;
    const uint16_t *members = &states->members[states->state[state].start];
    states->gathered.place_count = states->gathered.told_count = 0;
    states->step++;
    for (unsigned i = 0; i < states->state[state].place_count; i++) {
        const struct place *place = &automaton->place[members[i]];
        for (unsigned k = 0; k < place->follow_count; k++) {
            uint16_t follower = automaton->follow[place->follow_start + k];
            const struct place *next = &automaton->place[follower];
            if (states->place_seen[follower] == states->step)
                continue;
            states->place_seen[follower] = states->step;
            bool is_taken =
                symbol == PAYLOAD_END
                    ? next->is_end
                    : !next->is_end && class_has(&automaton->admits[next->class], (uint8_t)symbol);
            if (is_taken)
                reach(states, follower);
        }
    }
    if (states->gathered.told_count)
        drop_found(states);
    sort(states->gathered.places, states->gathered.place_count);
    sort(states->gathered.told, states->gathered.told_count);
}

/* Makes the step that the table does not have yet. Returns what belongs there. */
static unsigned make_step(struct states *states, unsigned state, unsigned symbol)
{
    const struct gathered *set = &states->gathered;
    gather(states, state, (int)symbol);
    uint16_t *slot = slot_of(states, set);
    bool is_kept = *slot || has_room(states, set);
    if (!is_kept) {
        forget(states);
        slot = slot_of(states, set);
    }
    if (!*slot)
        *slot = (uint16_t)add_state(states, set);
    unsigned step = *slot | (set->told_count || !set->place_count ? IS_SPECIAL : 0u);
    if (is_kept)
        row_of(states, state)[symbol] = (uint16_t)step;
    return step;
}

static void tell(const struct states *states, const uint16_t *told, unsigned count,
                 pattern_found *found, void *context)
{
    for (unsigned i = 0; i < count; i++)
        found(context, states->automaton->place[told[i]].pattern);
}

void states_scan(struct states *states, const uint8_t *bytes, uint32_t length, pattern_found *found,
                 void *context)
{
    const uint8_t *symbols = states->automaton->symbol;
    unsigned state = FIRST_STATE;
    for (uint32_t at = 0; at < length; at++) {
        unsigned symbol = symbols[bytes[at]];
        unsigned step = row_of(states, state)[symbol];
        if (step == NOT_MADE)
            step = make_step(states, state, symbol);
        state = step & ~(unsigned)IS_SPECIAL;
        if (!(step & IS_SPECIAL))
            continue;
        const struct state *entered = &states->state[state];
        tell(states, &states->members[entered->start + entered->place_count], entered->told_count,
             found, context);
        if (!entered->place_count)
            return;
    }
    if (!states->automaton->has_ends)
        return;
    gather(states, state, PAYLOAD_END);
    tell(states, states->gathered.told, states->gathered.told_count, found, context);
}

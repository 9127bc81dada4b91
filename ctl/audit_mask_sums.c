/* SPDX-License-Identifier: BSD-3-Clause */
/* Shares, rows and what is withheld of a mask's sums. */
#include "audit_mask_sums.h"

#include <stdlib.h>
#include <string.h>

#include "audit_share.h"

static void add(struct audit_count *into, const struct audit_mask_cell *cell,
                enum audit_mask_change change)
{
    const struct audit_mask_amount *amount = &cell->amounts[change];
    into->flows += amount->flows;
    into->packets += amount->packets;
    into->bytes += amount->bytes;
}

static bool are_few(const struct audit_context *context, const struct audit_mask_cell *cell,
                    bool are_changed)
{
    return audit_mask_hosts(cell, are_changed) < context->min_endpoints;
}

static bool has_changes(const struct audit_mask_cell *cell)
{
    return cell->amounts[AUDIT_MASK_LOST].flows || cell->amounts[AUDIT_MASK_OTHER].flows ||
           cell->amounts[AUDIT_MASK_NEW].flows;
}

static bool hides_changes(const struct audit_context *context, const struct audit_mask_cell *cell)
{
    return has_changes(cell) && are_few(context, cell, true);
}

/* Without interval: packets and bytes of a flow go together. */
static struct audit_share ratio(uint64_t part, uint64_t whole)
{
    if (!whole)
        return (struct audit_share){.is_known = false};
    return (struct audit_share){.is_known = true, .value = (double)part / (double)whole};
}

static void fill_shares(struct audit_mask_effect *effect)
{
    uint64_t changed = effect->lost.flows + effect->other.flows;
    effect->changed_flows = audit_share_of_flows(changed, effect->had.flows - changed);
    effect->changed_packets =
        ratio(effect->lost.packets + effect->other.packets, effect->had.packets);
    effect->changed_bytes = ratio(effect->lost.bytes + effect->other.bytes, effect->had.bytes);
}

static int compare_rows(const void *a, const void *b)
{
    const struct audit_mask_row *left = a;
    const struct audit_mask_row *right = b;
    if (left->had.bytes != right->had.bytes)
        return left->had.bytes < right->had.bytes ? 1 : -1;
    return strcmp(left->name, right->name);
}

/* The row of a class; "withheld" is shared by all that are. */
static struct audit_mask_row *row_for(struct audit_mask_row *rows, unsigned *count,
                                      struct audit_mask_row *withheld, unsigned class,
                                      bool is_hidden)
{
    if (is_hidden)
        return withheld;
    rows[*count].name = audit_class_name(class);
    return &rows[(*count)++];
}

static void fill_verdicts(struct audit_mask *mask, unsigned column,
                          const struct audit_context *context, const struct audit_mask_cell *cells)
{
    struct audit_mask_effect *effect = &mask->verdicts[column];
    struct audit_mask_row *rows = mask->rows[column];
    struct audit_mask_row withheld = {.name = "withheld"};
    unsigned count = 0;
    for (unsigned class = 0; class < POLICY_REFERENCES; class ++) {
        const struct audit_mask_cell *cell = &cells[class];
        bool is_silent = hides_changes(context, cell);
        mask->cells_withheld += is_silent;
        if (class == CATEGORY_UNKNOWN) {
            if (!is_silent)
                add(&effect->gained, cell, AUDIT_MASK_NEW);
            continue;
        }
        if (!cell->amounts[AUDIT_MASK_SEEN].flows)
            continue;
        bool is_hidden = are_few(context, cell, false);
        struct audit_mask_row *row = row_for(rows, &count, &withheld, class, is_hidden);
        mask->cells_withheld += is_hidden;
        add(&row->had, cell, AUDIT_MASK_SEEN);
        add(&effect->had, cell, AUDIT_MASK_SEEN);
        if (is_silent)
            continue;
        add(&row->lost, cell, AUDIT_MASK_LOST);
        add(&row->other, cell, AUDIT_MASK_OTHER);
        add(&effect->lost, cell, AUDIT_MASK_LOST);
        add(&effect->other, cell, AUDIT_MASK_OTHER);
    }
    qsort(rows, count, sizeof *rows, compare_rows);
    if (withheld.had.flows)
        rows[count++] = withheld;
    mask->row_counts[column] = count;
    fill_shares(effect);
}

static void fill_box(struct audit_mask *mask, unsigned box, const struct audit_context *context,
                     const struct audit_mask_cell *cells)
{
    const struct audit_mask_cell *alone = &cells[false];
    const struct audit_mask_cell *acted = &cells[true];
    struct audit_mask_effect *effect = &mask->boxes[box];
    bool has_acted = acted->amounts[AUDIT_MASK_SEEN].flows;
    effect->is_withheld = (has_acted && are_few(context, acted, false)) ||
                          hides_changes(context, acted) || hides_changes(context, alone);
    mask->cells_withheld += effect->is_withheld;
    if (effect->is_withheld)
        return;
    add(&effect->had, acted, AUDIT_MASK_SEEN);
    add(&effect->lost, acted, AUDIT_MASK_LOST);
    add(&effect->other, acted, AUDIT_MASK_OTHER);
    add(&effect->gained, alone, AUDIT_MASK_NEW);
    fill_shares(effect);
}

void audit_mask_fill(struct audit_mask *mask, const struct audit_context *context,
                     const struct audit_mask_tally *tally)
{
    mask->mask = tally->mask;
    for (unsigned column = 0; column < AUDIT_MASK_VERDICTS; column++)
        fill_verdicts(mask, column, context, tally->verdicts[column]);
    for (unsigned box = 0; box < context->box_count; box++)
        fill_box(mask, box, context, tally->deeds[context->boxes[box].own_view]);
}

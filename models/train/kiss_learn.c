/* SPDX-License-Identifier: BSD-3-Clause */
/* libsvm finds the vectors; grid, folds, limits and the turn to integers are ours. */
#include "kiss_learn.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kiss_sample.h"
#include "kiss_svm.h"

enum {
    CENTROIDS_MAX = 400,
    /* Two windows of the same source of random nibbles lie about 850 apart; nearer ones need no
     * centroid of their own. */
    CENTROID_NEAR = 1000 * 1000,
};

static const double cost_max = 16384;

/* A class whose rows are all alike wins by more than any row of another run does: no more is asked.
 */
static const double margin_most = 0.25;

/* Rows with libsvm's view of them: deviations from 0 to 1. */
struct learner {
    const struct kiss_learning *learning;
    struct kiss_sample sample;
    struct svm_node *nodes;   /* KISS_NIBBLES + 1 for each row */
    struct svm_node **chosen; /* rows of the problem under way */
    double *labels;
    const struct kiss_signature **signatures; /* theirs */
    double *margins;                          /* of each row, from the fold that had not seen it */
    double *reaches; /* likewise: distance to its class's nearest centroid */
    bool *right;     /* likewise: was it given its class? */
};

static void be_quiet(const char *text)
{
    (void)text;
}

static int open_learner(struct learner *learner, struct error *error)
{
    size_t count = learner->sample.count;
    learner->nodes = calloc(count * (KISS_NIBBLES + 1), sizeof *learner->nodes);
    learner->chosen = calloc(count, sizeof(struct svm_node *));
    learner->labels = calloc(count, sizeof *learner->labels);
    learner->signatures = calloc(count, sizeof *learner->signatures);
    learner->margins = calloc(count, sizeof *learner->margins);
    learner->reaches = calloc(count, sizeof *learner->reaches);
    learner->right = calloc(count, sizeof *learner->right);
    if (!learner->nodes || !learner->chosen || !learner->labels || !learner->signatures ||
        !learner->margins || !learner->reaches || !learner->right)
        return error_set(error, ENOMEM, "out of memory for %zu signatures", count);
    for (size_t i = 0; i < count; i++)
        kiss_svm_nodes(&learner->nodes[i * (KISS_NIBBLES + 1)],
                       &learner->sample.rows[i]->signature);
    svm_set_print_string_function(be_quiet);
    return 0;
}

static void close_learner(struct learner *learner)
{
    free(learner->nodes);
    free((void *)learner->chosen);
    free(learner->labels);
    free((void *)learner->signatures);
    free(learner->margins);
    free(learner->reaches);
    free(learner->right);
    kiss_sample_free(&learner->sample);
}

enum { NO_FOLD = -1 };

/* Learns from all rows that are not of `left_out`. */
static struct svm_model *learn(struct learner *learner, double cost, double gamma, int left_out)
{
    struct svm_problem problem = {.y = learner->labels, .x = learner->chosen};
    for (size_t i = 0; i < learner->sample.count; i++) {
        if ((int)learner->sample.folds[i] == left_out)
            continue;
        learner->chosen[problem.l] = &learner->nodes[i * (KISS_NIBBLES + 1)];
        learner->labels[problem.l] = learner->sample.classes[i];
        learner->signatures[problem.l++] = &learner->sample.rows[i]->signature;
    }
    const struct svm_parameter parameter = {.svm_type = C_SVC,
                                            .kernel_type = RBF,
                                            .gamma = gamma,
                                            .C = cost,
                                            .cache_size = 200,
                                            .eps = 0.001,
                                            .shrinking = 1};
    return svm_train(&problem, &parameter);
}

/* The least value of `class` (of the model's) against any other. */
static double margin_of(const struct svm_model *model, const double *values, int class)
{
    double least = INFINITY;
    int pair = 0;
    for (int a = 0; a < model->nr_class; a++) {
        for (int b = a + 1; b < model->nr_class; b++, pair++) {
            double value = a == class ? values[pair] : -values[pair];
            if ((a == class || b == class) && value < least)
                least = value;
        }
    }
    return least;
}

static int place_of(const struct svm_model *model, unsigned class)
{
    for (int i = 0; i < model->nr_class; i++) {
        if (model->label[i] == (int)class)
            return i;
    }
    return -1;
}

/* Judges the rows of one fold by what was learnt from the others. */
static void judge_fold(struct learner *learner, const struct svm_model *model, unsigned fold)
{
    double values[KISS_CLASSES_MAX * (KISS_CLASSES_MAX - 1) / 2];
    for (size_t i = 0; i < learner->sample.count; i++) {
        if (learner->sample.folds[i] != fold)
            continue;
        unsigned class = learner->sample.classes[i];
        double found = svm_predict_values(model, &learner->nodes[i * (KISS_NIBBLES + 1)], values);
        int place = place_of(model, class);
        learner->right[i] = place >= 0 && (unsigned)found == class;
        learner->margins[i] = place >= 0 ? margin_of(model, values, place) : -INFINITY;
    }
}

/* Mean over classes of the share of rows that were given their class. */
static double mean_recall(const struct learner *learner)
{
    size_t all[KISS_CLASSES_MAX] = {0}, right[KISS_CLASSES_MAX] = {0};
    for (size_t i = 0; i < learner->sample.count; i++) {
        all[learner->sample.classes[i]]++;
        right[learner->sample.classes[i]] += learner->right[i];
    }
    double sum = 0;
    for (unsigned c = 0; c < learner->sample.class_count; c++)
        sum += (double)right[c] / (double)all[c];
    return sum / learner->sample.class_count;
}

static double judge(struct learner *learner, double cost, double gamma)
{
    for (unsigned fold = 0; fold < learner->learning->folds; fold++) {
        struct svm_model *model = learn(learner, cost, gamma, (int)fold);
        judge_fold(learner, model, fold);
        svm_free_and_destroy_model(&model);
    }
    return mean_recall(learner);
}

/* Smaller costs and wider kernels first: of equals the smoother one is kept. */
static void search(struct learner *learner, struct kiss_learned *learned)
{
    static const double costs[] = {1, 4, 16, 64, 256};
    static const double gammas[] = {0.25, 1, 4, 16, 64};
    learned->recall = -1;
    for (unsigned c = 0; c < sizeof costs / sizeof *costs; c++) {
        for (unsigned g = 0; g < sizeof gammas / sizeof *gammas; g++) {
            double recall = judge(learner, costs[c], gammas[g]);
            learner->learning->progress("C %g, gamma %g: mean recall %.4f", costs[c], gammas[g],
                                        recall);
            if (recall > learned->recall)
                *learned = (struct kiss_learned){costs[c], gammas[g], recall};
        }
    }
}

/* Squared distance of a row to the nearest of some others. */
static uint32_t nearest_of(const struct kiss_sample *sample, size_t row, const size_t *others,
                           unsigned count)
{
    uint32_t nearest = UINT32_MAX;
    for (unsigned i = 0; i < count; i++) {
        uint32_t distance =
            kiss_distance(&sample->rows[row]->signature, &sample->rows[others[i]]->signature);
        nearest = distance < nearest ? distance : nearest;
    }
    return nearest;
}

static bool is_learnt(const struct kiss_sample *sample, size_t row, unsigned class, int left_out)
{
    return sample->classes[row] == class && (int)sample->folds[row] != left_out;
}

/* The row nearest to the mean of its class; false when there is none. */
static bool find_middle(const struct kiss_sample *sample, unsigned class, int left_out,
                        size_t *middle)
{
    int64_t sums[KISS_NIBBLES] = {0};
    int64_t rows = 0;
    for (size_t i = 0; i < sample->count; i++) {
        if (!is_learnt(sample, i, class, left_out))
            continue;
        rows++;
        for (unsigned k = 0; k < KISS_NIBBLES; k++)
            sums[k] += sample->rows[i]->signature.deviation[k];
    }
    struct kiss_signature mean;
    for (unsigned k = 0; k < KISS_NIBBLES; k++)
        mean.deviation[k] = (int16_t)(rows ? sums[k] / rows : 0);
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < sample->count; i++) {
        uint32_t distance = kiss_distance(&sample->rows[i]->signature, &mean);
        if (is_learnt(sample, i, class, left_out) && distance < least) {
            least = distance;
            *middle = i;
        }
    }
    return rows;
}

/* Centroids of the rows of a class outside of `left_out`: the one in the middle, then again and
 * again the row farthest from all so far, until none is far. Places in the sample go to
 * `centroids`. */
static unsigned choose_centroids(const struct learner *learner, unsigned class, int left_out,
                                 size_t centroids[CENTROIDS_MAX])
{
    const struct kiss_sample *sample = &learner->sample;
    if (!find_middle(sample, class, left_out, &centroids[0]))
        return 0;
    unsigned count = 1;
    while (count < CENTROIDS_MAX) {
        uint32_t farthest = CENTROID_NEAR;
        for (size_t i = 0; i < sample->count; i++) {
            if (!is_learnt(sample, i, class, left_out))
                continue;
            uint32_t nearest = nearest_of(sample, i, centroids, count);
            if (nearest > farthest) {
                farthest = nearest;
                centroids[count] = i;
            }
        }
        if (farthest == CENTROID_NEAR)
            break;
        count++;
    }
    return count;
}

/* Distances of the fold's rows to centroids they are not among. */
static void reach_fold(struct learner *learner, unsigned fold)
{
    const struct kiss_sample *sample = &learner->sample;
    for (unsigned class = 0; class < sample->class_count; class ++) {
        size_t centroids[CENTROIDS_MAX];
        unsigned count = choose_centroids(learner, class, (int)fold, centroids);
        for (size_t i = 0; i < sample->count; i++) {
            if (sample->classes[i] == class && sample->folds[i] == fold)
                learner->reaches[i] = sqrt(nearest_of(sample, i, centroids, count));
        }
    }
}

static int compare_numbers(const void *first, const void *second)
{
    double a = *(const double *)first, b = *(const double *)second;
    return (a > b) - (a < b);
}

/* The class's limits: of its rows that were right without having been seen, so many per 10,000 may
 * lie beyond. */
static int set_limits(const struct learner *learner, unsigned index, struct kiss_class *class,
                      struct error *error)
{
    const struct kiss_sample *sample = &learner->sample;
    double *margins = calloc(sample->count, sizeof *margins);
    double *reaches = calloc(sample->count, sizeof *reaches);
    size_t count = 0;
    if (!margins || !reaches) {
        free(margins);
        free(reaches);
        return error_set(error, ENOMEM, "out of memory for a model");
    }
    for (size_t i = 0; i < sample->count; i++) {
        if (sample->classes[i] == index && learner->right[i]) {
            margins[count] = learner->margins[i];
            reaches[count++] = learner->reaches[i];
        }
    }
    qsort(margins, count, sizeof *margins, compare_numbers);
    qsort(reaches, count, sizeof *reaches, compare_numbers);
    size_t beyond = count * learner->learning->rejected / 10000;
    double reach = count ? reaches[count - 1 - beyond] * learner->learning->slack : 0;
    class->reach = reach * reach < (double)UINT32_MAX ? (uint32_t)(reach * reach) : UINT32_MAX;
    double margin = count ? margins[beyond] : 0;
    margin = margin < 0 ? 0 : margin > margin_most ? margin_most : margin;
    class->margin = (int32_t)floor(margin * (1 << KISS_COEFFICIENT_BITS));
    class->reach = reach * reach < (double)UINT32_MAX ? (uint32_t)(reach * reach) : UINT32_MAX;
    free(margins);
    free(reaches);
    return 0;
}

static int compare_reaches(const void *first, const void *second)
{
    uint32_t a = *(const uint32_t *)first, b = *(const uint32_t *)second;
    return (a > b) - (a < b);
}

/* How far a class goes elsewhere is not known of one that was seen at one site only. It is given
 * the median of the others, where its own rows do not lie further apart. The background goes
 * everywhere, and counts for nobody. */
static void lend_reaches(struct kiss_machine *machine, const struct kiss_sample *sample)
{
    uint32_t known[KISS_CLASSES_MAX];
    unsigned count = 0;
    for (unsigned c = 0; c < machine->class_count; c++) {
        if (sample->is_travelled[c] && sample->protocols[c] != PROTOCOL_UNKNOWN)
            known[count++] = machine->classes[c].reach;
    }
    qsort(known, count, sizeof *known, compare_reaches);
    uint32_t median = count ? known[count / 2] : CENTROID_NEAR;
    for (unsigned c = 0; c < machine->class_count; c++) {
        uint32_t least = sample->is_travelled[c] ? CENTROID_NEAR : median;
        if (machine->classes[c].reach < least)
            machine->classes[c].reach = least;
    }
}

/* libsvm numbers classes in the order it meets them, which is that of the sample. */
static int fill_machine(struct kiss_machine *machine, const struct learner *learner,
                        const struct svm_model *model, double gamma, struct error *error)
{
    const struct kiss_sample *sample = &learner->sample;
    size_t centroids[KISS_CLASSES_MAX][CENTROIDS_MAX];
    machine->class_count = sample->class_count;
    machine->support_count = (unsigned)model->l;
    machine->gamma = kiss_svm_gamma(gamma);
    unsigned supports = 0;
    for (unsigned c = 0; c < sample->class_count; c++) {
        struct kiss_class *class = &machine->classes[c];
        *class = (struct kiss_class){.protocol = sample->protocols[c],
                                     .support_first = supports,
                                     .support_count = (uint32_t)model->nSV[c],
                                     .centroid_first = machine->centroid_count};
        for (size_t i = 0; i < sample->count; i++)
            class->signature_count += sample->classes[i] == c;
        class->centroid_count = choose_centroids(learner, c, NO_FOLD, centroids[c]);
        machine->centroid_count += class->centroid_count;
        supports += class->support_count;
        int failure = set_limits(learner, c, class, error);
        if (failure)
            return failure;
    }
    lend_reaches(machine, sample);
    int failure = kiss_machine_make(machine, error);
    if (failure)
        return failure;
    for (unsigned c = 0; c < sample->class_count; c++) {
        for (unsigned i = 0; i < machine->classes[c].centroid_count; i++)
            kiss_block_put(machine->centroids, machine->classes[c].centroid_first + i,
                           &sample->rows[centroids[c][i]]->signature);
    }
    kiss_svm_put(machine, model, learner->signatures);
    return 0;
}

static int learn_sample(struct kiss_machine *machine, struct learner *learner,
                        struct kiss_learned *learned, struct error *error)
{
    const struct kiss_learning *learning = learner->learning;
    if (learning->cost > 0 && learning->gamma > 0)
        *learned = (struct kiss_learned){.cost = learning->cost, .gamma = learning->gamma};
    else
        search(learner, learned);
    if (learned->cost > cost_max)
        return error_set(error, EINVAL, "a cost above %g does not fit the model", cost_max);
    learned->recall = judge(learner, learned->cost, learned->gamma);
    for (unsigned fold = 0; fold < learning->folds; fold++)
        reach_fold(learner, fold);
    struct svm_model *model = learn(learner, learned->cost, learned->gamma, NO_FOLD);
    int failure = 0;
    if (model->l > KISS_SUPPORTS_MAX)
        failure = error_set(error, EINVAL, "more than %d support vectors", KISS_SUPPORTS_MAX);
    if (!failure)
        failure = fill_machine(machine, learner, model, learned->gamma, error);
    svm_free_and_destroy_model(&model);
    return failure;
}

int kiss_learn(struct kiss_machine *machine, const struct kiss_learning *learning,
               const struct kiss_rows *rows, struct kiss_learned *learned, struct error *error)
{
    struct learner learner = {.learning = learning};
    int failure = kiss_sample_draw(&learner.sample, learning, rows, error);
    if (!failure)
        failure = open_learner(&learner, error);
    if (!failure)
        failure = learn_sample(machine, &learner, learned, error);
    close_learner(&learner);
    return failure;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints models of kind kiss; reads none. */
#include "model_kiss.h"

#include <inttypes.h>
#include <stdio.h>

#include "json_writer.h"

static void print_machine(const struct kiss_machine *machine, enum kiss_transport transport,
                          const struct protocols *protocols)
{
    printf("\n%-4s %-25s %10s %10s %10s\n", kiss_transport_name(transport), "CLASS", "SIGNATURES",
           "SUPPORTS", "CENTROIDS");
    for (unsigned i = 0; i < machine->class_count; i++) {
        const struct kiss_class *class = &machine->classes[i];
        printf("     %-25s %10" PRIu32 " %10" PRIu32 " %10" PRIu32 "\n",
               protocols_get(protocols, class->protocol)->name, class->signature_count,
               class->support_count, class->centroid_count);
    }
}

static void print_text(const struct model_file *file, const struct protocols *protocols)
{
    const struct kiss_model *model = file->kiss;
    printf("file     %s\nkind     kiss\nname     %s\nsite     %s\ntrained  %s\nsha256   %s\n",
           file->path, model->name, model->site, model->trained, model->sha256);
    for (unsigned i = 0; i < KISS_TRANSPORTS; i++) {
        if (model->machine[i].class_count)
            print_machine(&model->machine[i], i, protocols);
    }
}

static void write_machine(struct json_writer *json, const struct kiss_machine *machine,
                          enum kiss_transport transport, const struct protocols *protocols)
{
    json_write_array_begin(json, kiss_transport_name(transport));
    for (unsigned i = 0; i < machine->class_count; i++) {
        const struct kiss_class *class = &machine->classes[i];
        json_write_object_begin(json, NULL);
        json_write_string(json, "class", protocols_get(protocols, class->protocol)->name);
        json_write_unsigned(json, "signatures", class->signature_count);
        json_write_unsigned(json, "supports", class->support_count);
        json_write_unsigned(json, "centroids", class->centroid_count);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void print_json(const struct kiss_model *model, const struct protocols *protocols)
{
    struct json_writer json;
    json_writer_init(&json, stdout, JSON_LAYOUT_PRETTY);
    json_write_object_begin(&json, NULL);
    json_write_string(&json, "kind", "kiss");
    json_write_string(&json, "name", model->name);
    json_write_string(&json, "site", model->site);
    json_write_string(&json, "trained", model->trained);
    json_write_string(&json, "sha256", model->sha256);
    for (unsigned i = 0; i < KISS_TRANSPORTS; i++)
        write_machine(&json, &model->machine[i], i, protocols);
    json_write_object_end(&json);
    json_writer_finish(&json);
}

void model_kiss_show(const struct model_file *file, const struct protocols *protocols,
                     bool is_check, bool is_json)
{
    unsigned classes = 0;
    for (unsigned i = 0; i < KISS_TRANSPORTS; i++)
        classes += file->kiss->machine[i].class_count;
    if (is_check)
        printf("%s: a good model of %u classes\n", file->path, classes);
    else if (is_json)
        print_json(file->kiss, protocols);
    else
        print_text(file, protocols);
}

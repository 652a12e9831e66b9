/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/doctor.h"
#include "core/report_words.h"

static const char *const phase_names[PHASES] = CTL_PHASE_NAMES;

static char *dump(json_t *value, size_t flags)
{
    auto_free char *text = json_dumps(value, flags);

    json_decref(value);
    return text ? file_path("%s\n", text) : NULL;
}

char *report_json(json_t *value)
{
    return dump(value, JSON_INDENT(2));
}

char *report_json_line(json_t *value)
{
    return dump(value, JSON_COMPACT);
}

static json_t *known_int(int64_t value)
{
    return value < 0 ? json_null() : json_integer((json_int_t)value);
}

static json_t *known_real(double value)
{
    return value < 0 ? json_null() : json_real(value);
}

static json_t *phases_json(const struct model_distro *d)
{
    json_t *phases = json_object();

    for (int i = 0; i < PHASES; i++)
        if (d->phase_us[i] >= 0)
            json_object_set_new(phases, phase_names[i], json_integer((json_int_t)d->phase_us[i]));
    return phases;
}

static json_t *distro_json(const struct model_distro *d)
{
    json_t *o = json_object();
    int64_t boot = model_boot_us(d);

    json_object_set_new(o, "name", json_string(d->name));
    json_object_set_new(o, "state", json_string(machine_state_name(d->state)));
    json_object_set_new(o, "reason", json_string(d->reason));
    json_object_set_new(o, "detail", json_string(d->detail));
    json_object_set_new(o, "note", json_string(d->note));
    json_object_set_new(o, "source", json_string(d->source));
    json_object_set_new(o, "init", json_string(d->init));
    json_object_set_new(o, "boot_us", known_int(boot));
    json_object_set_new(o, "phases", phases_json(d));
    json_object_set_new(o, "emulated", json_boolean(d->emulated));
    json_object_set_new(o, "cpus", json_integer(d->cpus));
    json_object_set_new(o, "cpu_percent", known_real(d->cpu_percent));
    json_object_set_new(o, "memory", json_pack("{so so so}", "size", known_int(d->memory_size),
                                               "resident", known_int(d->resident), "overhead",
                                               known_int(d->overhead)));
    json_object_set_new(o, "disk", json_pack("{so so}", "read_bps", known_real(d->read_bps),
                                             "write_bps", known_real(d->write_bps)));
    return o;
}

static char *list_json(const struct model *m)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < m->count; i++)
        json_array_append_new(list, distro_json(&m->distros[i]));
    return report_json(list);
}

static void mib(char *to, size_t size, int64_t bytes)
{
    if (bytes < 0)
        snprintf(to, size, "-");
    else
        snprintf(to, size, "%lld MB", (long long)(bytes + (1 << 19)) >> 20);
}

static void boot_time(char *to, size_t size, int64_t us)
{
    if (us < 0)
        snprintf(to, size, "-");
    else
        snprintf(to, size, "%lld.%02lld s", (long long)us / 1000000, (long long)us / 10000 % 100);
}

/* Of the column: that of the longest name, and not less than where none is long. */
static int name_width(const struct model *m)
{
    size_t width = 20;

    for (unsigned i = 0; i < m->count; i++)
        if (strlen(m->distros[i].name) > width)
            width = strlen(m->distros[i].name);
    return (int)width;
}

char *report_list(const struct model *m, enum report_form form)
{
    char *text = NULL;
    int width = name_width(m);
    size_t len;
    FILE *f;

    if (form != REPORT_TABLE)
        return form == REPORT_JSON ? list_json(m) : words_list(m);
    f = open_memstream(&text, &len);
    if (!f)
        return NULL;
    if (m->count == 0)
        fputs("No distros. `lxtop install busybox` installs a small one.\n", f);
    else
        fprintf(f, "%-*s %-10s %8s %9s %9s  %s\n", width, "NAME", "STATE", "BOOT", "RESIDENT", "MEMORY",
                "REMARK");
    for (unsigned i = 0; i < m->count; i++) {
        const struct model_distro *d = &m->distros[i];
        char boot[24], resident[24], size[24];

        boot_time(boot, sizeof(boot), model_boot_us(d));
        mib(resident, sizeof(resident), d->resident);
        mib(size, sizeof(size), d->memory_size);
        fprintf(f, "%-*s %-10s %8s %9s %9s  %s%s%s\n", width, d->name, machine_state_name(d->state), boot,
                resident, size, d->silent ? "does not answer; " : "", machine_reason_text(d->reason),
                d->emulated && (MACHINE_BIT(d->state) & MACHINE_LIVE) ? "(emulated: not hardware times)" : "");
    }
    fclose(f);
    return text;
}

static void print_devices(FILE *f, const json_t *stats)
{
    size_t i;
    const json_t *d;

    json_array_foreach(json_object_get(stats, "devices"), i, d)
    {
        double requests = (double)json_integer_value(json_object_get(d, "requests"));
        double sum = (double)json_integer_value(json_object_get(d, "latency_us_sum"));

        fprintf(f, "device %-10s %9.0f requests, %lld bytes read, %lld bytes written, %lld errors",
                json_string_value(json_object_get(d, "name")), requests,
                (long long)json_integer_value(json_object_get(d, "read_bytes")),
                (long long)json_integer_value(json_object_get(d, "write_bytes")),
                (long long)json_integer_value(json_object_get(d, "errors")));
        if (sum > 0)
            fprintf(f, ", latency mean %.0f us, worst %lld us", sum / requests,
                    (long long)json_integer_value(json_object_get(d, "latency_us_max")));
        fputc('\n', f);
    }
}

static void print_exits(FILE *f, const json_t *stats, double seconds)
{
    const char *reason;
    json_t *count;

    json_object_foreach(json_object_get(stats, "exits"), reason, count)
        fprintf(f, "exits %-11s %9lld, %.1f per second since the start\n", reason,
                (long long)json_integer_value(count),
                seconds > 0 ? (double)json_integer_value(count) / seconds : 0);
}

static char *stats_text(const struct model_distro *d, const json_t *stats)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    double seconds = (double)json_integer_value(json_object_get(stats, "uptime_us")) / 1e6;
    const json_t *memory = json_object_get(stats, "memory");

    if (!f)
        return NULL;
    fprintf(f, "%s is %s%s\n", d->name, machine_state_name(d->state),
            d->emulated ? " (on an emulated processor: times are not hardware times)" : "");
    for (int i = 0; i < PHASES; i++)
        if (d->phase_us[i] >= 0)
            fprintf(f, "phase %-11s %9.1f ms\n", phase_names[i], (double)d->phase_us[i] / 1000);
    fprintf(f, "uptime            %9.1f s\n", seconds);
    fprintf(f, "vCPU time         %9.3f s\n",
            (double)json_integer_value(json_object_get(stats, "vcpu_us")) / 1e6);
    fprintf(f, "memory given      %9lld KiB\n",
            (long long)json_integer_value(json_object_get(memory, "size")) / 1024);
    fprintf(f, "memory resident   %9lld KiB\n",
            (long long)json_integer_value(json_object_get(memory, "resident")) / 1024);
    fprintf(f, "VMM overhead      %9lld KiB\n",
            (long long)json_integer_value(json_object_get(memory, "overhead")) / 1024);
    print_devices(f, stats);
    print_exits(f, stats, seconds);
    fclose(f);
    return text;
}

char *report_stats(const struct model_distro *d, const json_t *stats, enum report_form form)
{
    json_t *o;

    if (form != REPORT_JSON)
        return form == REPORT_WORDS ? words_stats(d, stats) : stats_text(d, stats);
    o = distro_json(d);
    json_object_set(o, "stats", (json_t *)stats);
    return report_json(o);
}

static bool cannot_run(const struct doctor_check *c, const struct doctor_answer *a)
{
    return c->machine && a->result == DOCTOR_FAIL;
}

static char *doctor_json(const struct doctor_facts *facts, bool *host_cannot)
{
    static const char *const words[] = {[DOCTOR_OK] = "ok", [DOCTOR_WARN] = "note", [DOCTOR_FAIL] = "fail"};
    json_t *checks = json_array();

    for (unsigned i = 0; i < doctor_count; i++) {
        struct doctor_answer a;

        doctor_table[i].ask(facts, &a);
        *host_cannot |= cannot_run(&doctor_table[i], &a);
        json_array_append_new(checks, json_pack("{ss ss ss ss ss}", "name", doctor_table[i].name, "title",
                                                doctor_table[i].title, "result", words[a.result], "what", a.what,
                                                "advice", a.advice));
    }
    return report_json(json_pack("{sb so}", "can_run", !*host_cannot, "checks", checks));
}

char *report_doctor(const struct doctor_facts *facts, enum report_form form, bool *host_cannot)
{
    static const char *const marks[] = {[DOCTOR_OK] = "ok", [DOCTOR_WARN] = "note", [DOCTOR_FAIL] = "FAIL"};
    char *text = NULL;
    size_t len;
    FILE *f;

    *host_cannot = false;
    if (form == REPORT_JSON)
        return doctor_json(facts, host_cannot);
    f = open_memstream(&text, &len);
    if (!f)
        return NULL;
    for (unsigned i = 0; i < doctor_count; i++) {
        struct doctor_answer a;

        doctor_table[i].ask(facts, &a);
        if (form == REPORT_WORDS)
            words_check(f, &doctor_table[i], &a);
        else
            fprintf(f, "%-4s  %s: %s\n%s%s%s", marks[a.result], doctor_table[i].title, a.what,
                    *a.advice ? "      " : "", a.advice, *a.advice ? "\n" : "");
        *host_cannot |= cannot_run(&doctor_table[i], &a);
    }
    fputs(*host_cannot ? "This host cannot run distros yet.\n" : "This host can run distros.\n", f);
    fclose(f);
    return text;
}

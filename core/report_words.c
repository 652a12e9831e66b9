/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/report_words.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/doctor.h"
#include "core/line.h"
#include "core/model.h"
#include "core/words.h"

/* --- list --- */

void words_reason(FILE *f, const struct model_distro *d)
{
    const char *why = machine_reason_text(d->reason);

    if (*why)
        line_say(f, "%s: %s%s%s.", d->name, why, *d->detail ? ": " : "", d->detail);
    if (d->silent)
        line_say(f, "%s: lxtop-vmm does not answer; command force ends it.", d->name);
}

static void say_figures(FILE *f, const struct model_distro *d)
{
    char text[WORDS_TEXT];

    if (model_boot_us(d) >= 0)
        line_say(f, "%s: boot took %s%s.", d->name, words_time(text, model_boot_us(d)),
                 d->emulated ? ", emulated, not hardware time" : "");
    line_say(f, "%s: memory on the host %s.", d->name, words_size(text, d->resident));
    line_say(f, "%s: memory limit %s.", d->name, words_size(text, d->memory_size));
    if (d->cpu_percent >= 0)
        line_say(f, "%s: processor %.0f percent of one.", d->name, d->cpu_percent);
    if (d->paused)
        line_say(f, "%s: paused.", d->name);
    if (*d->note)
        line_say(f, "%s: %s.", d->name, d->note);
}

char *words_list(const struct model *m)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    if (m->count == 0)
        line_say(f, "There are no distros. Command install adds one.");
    for (unsigned i = 0; i < m->count; i++) {
        const struct model_distro *d = &m->distros[i];

        line_say(f, "%s: %s.", d->name, machine_state_name(d->state));
        words_reason(f, d);
        if (MACHINE_BIT(d->state) & MACHINE_LIVE)
            say_figures(f, d);
    }
    fclose(f);
    return text;
}

/* --- stats --- */

static int64_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static void say_phases(FILE *f, const struct model_distro *d)
{
    static const char *const reached[PHASES] = {
        [PHASE_START] = "lxtop-vmm began", [PHASE_VM] = "the machine was made", [PHASE_KERNEL] = "the kernel began",
        [PHASE_INIT] = "init began", [PHASE_ROOT] = "the root file system was mounted", [PHASE_READY] = "it was ready"};
    char text[WORDS_TEXT];

    for (int i = 0; i < PHASES; i++)
        if (d->phase_us[i] >= 0)
            line_say(f, "%s: boot, %s after %s.", d->name, reached[i], words_time(text, d->phase_us[i]));
}

/* Of what is nought nothing is said. */
static void say_device(FILE *f, const char *distro, const json_t *device)
{
    const char *name = json_string_value(json_object_get(device, "name"));
    int64_t requests = number(device, "requests"), errors = number(device, "errors");
    int64_t read = number(device, "read_bytes"), written = number(device, "write_bytes");
    int64_t sum = number(device, "latency_us_sum");
    char text[WORDS_TEXT];

    if (!name)
        return;
    line_say(f, "%s: device %s, %s.", distro, name, words_count(text, requests, "request"));
    if (read)
        line_say(f, "%s: device %s, %s read.", distro, name, words_size(text, read));
    if (written)
        line_say(f, "%s: device %s, %s written.", distro, name, words_size(text, written));
    if (errors)
        line_say(f, "%s: device %s, %s.", distro, name, words_count(text, errors, "error"));
    if (sum > 0 && requests > 0) {
        line_say(f, "%s: device %s, a request took %lld microseconds on average.", distro, name,
                 (long long)(sum / requests));
        line_say(f, "%s: device %s, the slowest took %s.", distro, name,
                 words_time(text, number(device, "latency_us_max")));
    }
}

char *words_stats(const struct model_distro *d, const json_t *stats)
{
    const json_t *memory = json_object_get(stats, "memory"), *row;
    char *text = NULL, words[WORDS_TEXT];
    const char *reason;
    json_t *count;
    size_t len, i;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    line_say(f, "%s: %s.", d->name, machine_state_name(d->state));
    if (d->emulated)
        line_say(f, "%s: on an emulated processor, times are not hardware times.", d->name);
    say_phases(f, d);
    line_say(f, "%s: up for %s.", d->name, words_time(words, number(stats, "uptime_us")));
    line_say(f, "%s: processor time %s.", d->name, words_time(words, number(stats, "vcpu_us")));
    line_say(f, "%s: memory given %s.", d->name, words_size(words, number(memory, "size")));
    line_say(f, "%s: memory on the host %s.", d->name, words_size(words, number(memory, "resident")));
    line_say(f, "%s: memory of lxtop-vmm itself %s.", d->name, words_size(words, number(memory, "overhead")));
    json_array_foreach(json_object_get(stats, "devices"), i, row)
        say_device(f, d->name, row);
    json_object_foreach(json_object_get(stats, "exits"), reason, count)
        line_say(f, "%s: exits of the processor for %s, %lld.", d->name, reason,
                 (long long)json_integer_value(count));
    fclose(f);
    return text;
}

/* --- doctor --- */

void words_check(FILE *f, const struct doctor_check *c, const struct doctor_answer *a)
{
    static const char *const marks[] = {[DOCTOR_OK] = "ok", [DOCTOR_WARN] = "worth knowing", [DOCTOR_FAIL] = "failed"};

    line_say(f, "%s: %s, %s.", c->title, marks[a->result], a->what);
    if (*a->advice)
        line_say(f, "%s: to do, %s", c->title, a->advice);
}

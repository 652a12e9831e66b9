/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/op.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/base/nearest.h"
#include "core/guest.h"

#define ANY_DOWN MACHINE_DOWN
#define ANY_LIVE MACHINE_LIVE
#define ANY_OFF (MACHINE_BIT(MACHINE_STOPPED) | MACHINE_BIT(MACHINE_FAILED)) /* no saved machine needs the disk */
#define ANY_USABLE (MACHINE_DOWN | MACHINE_LIVE) /* one that is stopping is waited for */

const struct op_info op_table[OPS] = {
    [OP_LIST] = {"list", {NULL}, WORDS_NONE, FLAG_JSON, 0, false, "list the distros and their state"},
    [OP_INSTALL] = {"install", {"add"}, WORDS_SOURCE, FLAG_NAME | FLAG_SETTINGS, 0, false,
                    "install a distro from 'busybox', a root file system tar or a folder"},
    [OP_START] = {"start", {NULL}, WORDS_DISTRO, 0, ANY_DOWN | MACHINE_BIT(MACHINE_STOPPING), false, "start a distro and wait until it is ready"},
    [OP_STOP] = {"stop", {NULL}, WORDS_DISTRO, FLAG_FORCE | FLAG_YES, ANY_LIVE | MACHINE_BIT(MACHINE_SUSPENDED), false, "power a distro off in order, by force after its deadline or with --force"},
    [OP_SUSPEND] = {"suspend", {NULL}, WORDS_DISTRO, 0, MACHINE_BIT(MACHINE_RUNNING), false, "save a running distro as it is and end its machine; start goes on there"},
    [OP_SHELL] = {"shell", {NULL}, WORDS_DISTRO, FLAG_USER | FLAG_CD, ANY_USABLE, false, "open a shell in a distro, starting it first where it is stopped"},
    [OP_EXEC] = {"exec", {NULL}, WORDS_COMMAND, FLAG_USER | FLAG_CD | FLAG_ENV, ANY_USABLE, false, "run a command in a distro; its exit status is lxtop's"},
    [OP_CONSOLE] = {"console", {"attach"}, WORDS_DISTRO, 0, ANY_LIVE, false, "attach to a distro's console; Ctrl-] comes back"},
    [OP_STATS] = {"stats", {"top"}, WORDS_DISTRO, FLAG_JSON, ANY_LIVE, false, "show boot phases and figures of a running distro"},
    [OP_REMOVE] = {"remove", {"rm", "delete"}, WORDS_DISTRO, FLAG_YES | FLAG_PURGE, ANY_DOWN, false, "remove a distro: it goes into the trash, as long as its setting trash says; --purge deletes it at once"},
    [OP_FILES] = {"ls", {NULL}, WORDS_PLACE, FLAG_LONG | FLAG_JSON | FLAG_USER, ANY_USABLE, false, "list files of a distro, starting it first where it is stopped; alone it lists the distros"},
    [OP_CAT] = {"cat", {NULL}, WORDS_PLACES, FLAG_USER, ANY_USABLE, false, "print files of a distro"},
    [OP_COPY] = {"cp", {"copy"}, WORDS_COPY, FLAG_RECURSIVE | FLAG_PRESERVE | FLAG_USER, ANY_USABLE, false, "copy files to or from a distro; -r copies folders as they are, -p keeps times"},
    [OP_MOUNT] = {"mount", {NULL}, WORDS_MOUNT, FLAG_USER, ANY_USABLE, false, "show a distro's files in a folder of this machine"},
    [OP_UNMOUNT] = {"unmount", {"umount"}, WORDS_MOUNTED, 0, 0, false, "end that, by the folder or by the distro's name"},
    [OP_FORWARD] = {"forward", {NULL}, WORDS_FORWARD, FLAG_REMOVE | FLAG_JSON, MACHINE_DOWN | MACHINE_LIVE, false, "lead a port of this machine into a distro, now and at every start; alone it lists them"},
    [OP_INFO] = {"info", {NULL}, WORDS_DISTRO, FLAG_JSON, MACHINE_DOWN | MACHINE_LIVE, false, "show a distro's settings and where each comes from, its disk and how it runs"},
    [OP_LOG] = {"log", {NULL}, WORDS_DISTRO, FLAG_JSON | FLAG_FOLLOW, MACHINE_DOWN | MACHINE_LIVE, false, "show what its kernel, its console, lxtop-guest and lxtop-vmm said; --follow goes on"},
    [OP_SET] = {"set", {NULL}, WORDS_SETTING, FLAG_REMOVE, MACHINE_DOWN | MACHINE_LIVE, false, "change a setting of a distro; --remove makes it the default again"},
    [OP_SNAPSHOT_CREATE] = {"snapshot create", {NULL}, WORDS_SNAPSHOT_NEW, FLAG_NOTE | FLAG_MEMORY, ANY_OFF | MACHINE_BIT(MACHINE_RUNNING), false, "keep a distro's disk as it is now, also of a running distro; with --memory all that runs in it, too"},
    [OP_SNAPSHOT_LIST] = {"snapshot list", {NULL}, WORDS_DISTRO, FLAG_JSON, MACHINE_DOWN | MACHINE_LIVE, false, "show a distro's snapshots as a tree"},
    [OP_SNAPSHOT_RESTORE] = {"snapshot restore", {NULL}, WORDS_SNAPSHOT, FLAG_YES, MACHINE_DOWN, false, "put a distro's disk back to a snapshot; undo takes it back.  With memory its next start goes on there"},
    [OP_SNAPSHOT_UNDO] = {"snapshot undo", {NULL}, WORDS_DISTRO, 0, MACHINE_DOWN, false, "take the last restore back: the disk is what it was before it, and again undo takes that back"},
    [OP_SNAPSHOT_DELETE] = {"snapshot delete", {NULL}, WORDS_SNAPSHOT, FLAG_YES, MACHINE_DOWN | MACHINE_LIVE, false, "delete a snapshot; what stands on it is merged with it and stays as it is"},
    [OP_SNAPSHOT_CLONE] = {"snapshot clone", {NULL}, WORDS_SNAPSHOT_CLONE, 0, MACHINE_DOWN | MACHINE_LIVE, false, "make a new distro of a snapshot"},
    [OP_SNAPSHOT_DIFF] = {"snapshot diff", {NULL}, WORDS_SNAPSHOT_DIFF, 0, MACHINE_DOWN | MACHINE_LIVE, false, "list the files that differ between two snapshots, or a snapshot and now"},
    [OP_TRASH_LIST] = {"trash list", {NULL}, WORDS_NONE, FLAG_JSON, 0, false, "show the removed distros that can be brought back, and what they take"},
    [OP_TRASH_RESTORE] = {"trash restore", {NULL}, WORDS_REMOVED, FLAG_AS, 0, false, "bring a removed distro back; without a name the one that was removed last"},
    [OP_TRASH_EMPTY] = {"trash empty", {NULL}, WORDS_REMOVED, FLAG_YES, 0, false, "delete removed distros for good: those of that name, or all"},
    [OP_SETTINGS] = {"settings", {NULL}, WORDS_OWN, FLAG_JSON | FLAG_REMOVE, 0, false, "show the console's own settings and keys, or change one; --remove makes it what lxtop.conf or the default says"},
    [OP_DOCTOR] = {"doctor", {NULL}, WORDS_NONE, FLAG_JSON, 0, false, "tell what this host lacks to run distros, and what to do"},
    [OP_HELP] = {"help", {"--help", "-h"}, WORDS_VERB, 0, 0, false, "show this help, or that of one verb"},
    [OP_VERSION] = {"version", {"--version"}, WORDS_NONE, 0, 0, false, "show the version"},
    [OP_TASK_INSTALL] = {"task-install", {NULL}, WORDS_SOURCE_NAME, FLAG_SETTINGS, 0, true, "the child process of an install"},
    [OP_TASK_MOUNT] = {"task-mount", {NULL}, WORDS_MOUNT, FLAG_USER, 0, true, "the process of a mount"},
};

const struct op_status_info op_status_table[] = {
    {STATUS_DONE, "done"},
    {STATUS_FAILED, "failed"},
    {STATUS_USAGE, "wrong usage"},
    {STATUS_NO_DISTRO, "no such distro"},
    {STATUS_WRONG_STATE, "the distro is in the wrong state for it"},
    {STATUS_HOST, "this host cannot run distros; `lxtop doctor` says why"},
    {STATUS_CANCELLED, "cancelled"},
};
const unsigned op_status_count = ARRAY_SIZE(op_status_table);

static const struct {
    const char *name;
    enum op_flag flag;
    const char *value; /* what follows it, for the usage; NULL: nothing does */
    size_t offset;     /* of it in struct op_args, a const char * */
    const char *also;  /* what people's fingers know from the program of that name; NULL: nothing */
} flags[] = {{"--json", FLAG_JSON, NULL, 0, NULL},
             {"--force", FLAG_FORCE, NULL, 0, NULL},
             {"--yes", FLAG_YES, NULL, 0, NULL},
             {"--name", FLAG_NAME, "N", offsetof(struct op_args, distro), NULL},
             {"--long", FLAG_LONG, NULL, 0, "-l"},
             {"-r", FLAG_RECURSIVE, NULL, 0, "--recursive"},
             {"-p", FLAG_PRESERVE, NULL, 0, "--preserve"},
             {"--cd", FLAG_CD, "FOLDER", offsetof(struct op_args, folder), NULL},
             {"--env", FLAG_ENV, "NAME=VALUE", 0, NULL},
             {"--memory", FLAG_MEMORY, NULL, 0, NULL},
             {"--note", FLAG_NOTE, "TEXT", offsetof(struct op_args, note), NULL},
             {"--purge", FLAG_PURGE, NULL, 0, NULL},
             {"--as", FLAG_AS, "NEWNAME", offsetof(struct op_args, as), NULL},
             {"--remove", FLAG_REMOVE, NULL, 0, NULL},
             {"--follow", FLAG_FOLLOW, NULL, 0, "-f"}};

static const char *const words_text[] = {
    [WORDS_NONE] = "",
    [WORDS_DISTRO] = " NAME",
    [WORDS_SOURCE] = " SOURCE",
    [WORDS_SOURCE_NAME] = " SOURCE NAME",
    [WORDS_REMOVED] = " [NAME]",
    [WORDS_PLACE] = " NAME:/PATH",
    [WORDS_PLACES] = " NAME:/PATH...",
    [WORDS_COPY] = " SOURCE... TARGET",
    [WORDS_MOUNT] = " NAME FOLDER",
    [WORDS_MOUNTED] = " FOLDER|NAME",
    [WORDS_VERB] = " [VERB]",
    [WORDS_OWN] = " [SETTING|key ACTION [VALUE]]",
    [WORDS_COMMAND] = " NAME [--] COMMAND...",
    [WORDS_FORWARD] = " NAME [[HOST:]PORT:GUESTPORT[/udp]]",
    [WORDS_SETTING] = " NAME SETTING [VALUE]",
    [WORDS_SNAPSHOT_NEW] = " NAME [SNAPSHOT]",
    [WORDS_SNAPSHOT] = " NAME SNAPSHOT",
    [WORDS_SNAPSHOT_CLONE] = " NAME SNAPSHOT NEWNAME",
    [WORDS_SNAPSHOT_DIFF] = " NAME SNAPSHOT [SNAPSHOT]",
};

int op_find(const char *verb)
{
    for (int i = 0; i < OPS; i++) {
        if (strcmp(op_table[i].verb, verb) == 0)
            return i;
        for (size_t a = 0; a < ARRAY_SIZE(op_table[i].aliases) && op_table[i].aliases[a]; a++)
            if (strcmp(op_table[i].aliases[a], verb) == 0)
                return i;
    }
    return -1;
}

int op_find_words(int argc, char *const *argv, int *words)
{
    auto_free char *two = argc > 1 ? file_path("%s %s", argv[0], argv[1]) : NULL;
    int op = two ? op_find(two) : -1;

    *words = op >= 0 ? 2 : 1;
    return op >= 0 ? op : op_find(argv[0]);
}

bool op_is_half(const char *word)
{
    size_t len = strlen(word);

    for (int i = 0; i < OPS; i++)
        if (len && strncmp(op_table[i].verb, word, len) == 0 && op_table[i].verb[len] == ' ')
            return true;
    return false;
}

/* No verb: of how many words ever. */
static int no_verb(const char *verb, struct err *e)
{
    struct nearest n = nearest_to(verb);

    for (int i = 0; i < OPS; i++)
        if (!op_table[i].hidden)
            nearest_try(&n, op_table[i].verb);
    return err_set(e, EINVAL, "there is no verb '%.80s'%s`lxtop help` lists them", verb, n.hint);
}

/* Is it the first word of verbs of two?  Then which there are. */
static int say_second_words(const char *verb, struct err *e)
{
    auto_free char *list = NULL;
    size_t len = strlen(verb);

    for (int i = 0; i < OPS; i++) {
        char *more;

        if (strncmp(op_table[i].verb, verb, len) != 0 || op_table[i].verb[len] != ' ')
            continue;
        more = file_path("%s%s%s", list ? list : "", list ? ", " : "", op_table[i].verb + len + 1);
        free(list);
        list = more;
    }
    return list ? err_set(e, EINVAL, "%s goes on with one of these words: %s", verb, list)
                : no_verb(verb, e);
}

/* --- usage and help --- */

static void print_usage(FILE *f, enum op_id op)
{
    const struct op_info *o = &op_table[op];

    bool words_last = o->words == WORDS_COMMAND; /* which flags behind it would belong to */

    fprintf(f, "lxtop %s%s", o->verb, words_last ? "" : words_text[o->words]);
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (o->flags & flags[i].flag)
            fprintf(f, " [%s%s%s%s%s]%s", flags[i].name, flags[i].also ? "|" : "",
                    flags[i].also ? flags[i].also : "", flags[i].value ? " " : "",
                    flags[i].value ? flags[i].value : "", flags[i].flag == FLAG_ENV ? "..." : "");
    if (o->flags & FLAG_USER)
        fprintf(f, " [--%s USER]", option_table[OPT_USER].name);
    if (o->flags & FLAG_SETTINGS)
        fputs(" [--SETTING VALUE]...", f);
    fputs(words_last ? words_text[o->words] : "", f);
}

char *op_usage(enum op_id op)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    print_usage(f, op);
    fclose(f);
    return text;
}

static void print_settings(FILE *f)
{
    fputs("\nSettings, as --NAME VALUE and in lxtop.conf:\n", f);
    for (int i = 0; i < OPTIONS; i++)
        fprintf(f, "  --%-14s %s (default %s)\n", option_table[i].name, option_table[i].help,
                *option_table[i].default_text ? option_table[i].default_text : "none");
}

static void help_one(FILE *f, enum op_id op)
{
    fputs("Usage: ", f);
    print_usage(f, op);
    fprintf(f, "\n  %s\n", op_table[op].help);
    if (op_table[op].flags & FLAG_SETTINGS)
        print_settings(f);
}

int op_help_of(FILE *f, int argc, char *const *argv, struct err *e)
{
    size_t len = strlen(argv[0]);
    int used, op = op_find_words(argc, argv, &used);

    if (op >= 0 && used == argc)
        help_one(f, (enum op_id)op);
    else if (op >= 0 || argc > 1 || !op_is_half(argv[0]))
        return op >= 0 ? err_set(e, EINVAL, "one word too many: %s", argv[used]) : say_second_words(argv[0], e);
    for (int i = 0; op < 0 && i < OPS; i++)
        if (strncmp(op_table[i].verb, argv[0], len) == 0 && op_table[i].verb[len] == ' ')
            help_one(f, (enum op_id)i);
    return 0;
}

void op_help(FILE *f)
{
    fputs("lxtop: Linux distributions as light KVM machines\n\n"
          "Usage: lxtop            the console, on a terminal\n"
          "       lxtop --text     the same in plain lines, for screen readers and pipes\n"
          "       lxtop --text VERB ...  what a verb tells as one fact a line, without tables\n"
          "       lxtop VERB ...\n\n", f);
    for (int i = 0; i < OPS; i++) {
        auto_free char *usage = op_usage((enum op_id)i);

        if (!op_table[i].hidden)
            fprintf(f, "  %s\n        %s\n", usage ? usage + strlen("lxtop ") : "", op_table[i].help);
    }
    print_settings(f);
    fputs("\nExit status:\n", f);
    for (unsigned i = 0; i < op_status_count; i++)
        fprintf(f, "  %3d  %s\n", op_status_table[i].status, op_status_table[i].help);
}

/* --- the command line --- */

/* The first word that is, of those that must be there; `given`: how many there are. */
static int missing(enum op_id op, unsigned given, struct err *e)
{
    auto_free char *usage = op_usage(op), *words = strdup(words_text[op_table[op].words] + 1);
    char *rest = words, *word;

    while ((word = strsep(&rest, " ")) && rest && (*word == '[' || given-- > 0))
        ;
    return err_set(e, ENODATA, "%s is missing; usage: %s", word ? word : "", usage ? usage : "");
}

static int usage_error(enum op_id op, struct err *e, const char *what, const char *word)
{
    auto_free char *usage = op_usage(op);

    return err_set(e, EINVAL, "%s%s; usage: %s", what, word, usage ? usage : "");
}

static bool takes_setting(enum op_id op, enum option_id id)
{
    return (op_table[op].flags & FLAG_SETTINGS) || (id == OPT_USER && (op_table[op].flags & FLAG_USER));
}

static int unknown_option(enum op_id op, struct err *e, const char *word)
{
    auto_free char *usage = op_usage(op);
    struct nearest n = nearest_to(word);

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (op_table[op].flags & flags[i].flag)
            nearest_try(&n, flags[i].name);
    for (int i = 0; i < OPTIONS; i++) {
        auto_free char *name = takes_setting(op, (enum option_id)i) ? file_path("--%s", option_table[i].name) : NULL;

        if (name)
            nearest_try(&n, name);
    }
    return err_set(e, EINVAL, "unknown option %s%susage: %s", word, n.hint, usage ? usage : "");
}

static int take_env(struct op_args *a, const char *text, struct err *e)
{
    if (*text == '=' || !strchr(text, '='))
        return err_set(e, EINVAL, "--env %s: write NAME=VALUE", text);
    if (a->envs == OP_ENVS)
        return err_set(e, EINVAL, "--env can be given %d times at most", OP_ENVS);
    a->env[a->envs++] = text;
    return 0;
}

static int parse_flag(struct op_args *a, int argc, char *const *argv, int *at, struct err *e)
{
    const char *word = argv[*at];

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if ((strcmp(flags[i].name, word) != 0 && (!flags[i].also || strcmp(flags[i].also, word) != 0)) ||
            !(op_table[a->op].flags & flags[i].flag))
            continue;
        a->flags |= flags[i].flag;
        if (flags[i].value && ++*at == argc)
            return usage_error(a->op, e, word, " needs a value");
        if (flags[i].flag == FLAG_ENV)
            return take_env(a, argv[*at], e);
        if (flags[i].value)
            *(const char **)((char *)a + flags[i].offset) = argv[*at];
        return 0;
    }
    for (int i = 0; i < OPTIONS; i++) {
        if (!takes_setting(a->op, (enum option_id)i) || strcmp(option_table[i].name, word + 2) != 0)
            continue;
        if (++*at == argc)
            return usage_error(a->op, e, word, " needs a value");
        a->setting[i] = argv[*at];
        return 0;
    }
    return unknown_option(a->op, e, word);
}

/* How many words a verb of several takes. */
static const struct {
    unsigned min, max;
} counts[] = {
    [WORDS_PLACE] = {1, 1}, [WORDS_PLACES] = {1, OP_WORDS}, [WORDS_COPY] = {2, OP_WORDS},
    [WORDS_MOUNT] = {2, 2}, [WORDS_MOUNTED] = {1, 1}, [WORDS_VERB] = {0, 2}, [WORDS_OWN] = {0, OP_WORDS}, [WORDS_COMMAND] = {2, OP_WORDS}, [WORDS_FORWARD] = {1, 2},
    [WORDS_SETTING] = {2, 3}, [WORDS_SNAPSHOT_NEW] = {1, 2}, [WORDS_SNAPSHOT] = {2, 2},
    [WORDS_SNAPSHOT_CLONE] = {3, 3}, [WORDS_SNAPSHOT_DIFF] = {2, 3},
};

static int parse_word(struct op_args *a, unsigned n, const char *word, struct err *e)
{
    enum op_words w = op_table[a->op].words;

    if (w >= WORDS_PLACE && n < counts[w].max)
        a->word[a->words++] = word;
    else if (n == 0 && (w == WORDS_DISTRO || w == WORDS_REMOVED))
        a->distro = word;
    else if (n == 0 && (w == WORDS_SOURCE || w == WORDS_SOURCE_NAME))
        a->source = word;
    else if (n == 1 && w == WORDS_SOURCE_NAME)
        a->distro = word;
    else
        return usage_error(a->op, e, "one word too many: ", word);
    return 0;
}

/* The one distro that places name. */
static int find_place(struct op_args *a, struct err *e)
{
    char name[GUEST_NAME_SIZE];
    const char *path;

    for (unsigned i = 0; i < a->words; i++) {
        if (!guest_path(a->word[i], name, &path)) {
            if (op_table[a->op].words != WORDS_COPY)
                return err_set(e, EINVAL, "%s names no file of a distro; write NAME:/PATH", a->word[i]);
            continue;
        }
        if (a->distro && strncmp(a->place, name, sizeof(a->place) - 1) != 0)
            return err_set(e, EINVAL, "%s and %s are two distros; copy by way of this machine", a->place, name);
        snprintf(a->place, sizeof(a->place), "%.*s", (int)sizeof(a->place) - 1, name);
        a->distro = a->place;
    }
    return a->distro ? 0 : err_set(e, EINVAL, "nothing of that is in a distro; write NAME:/PATH for what is");
}

static int finish_words(struct op_args *a, struct err *e)
{
    enum op_words w = op_table[a->op].words;

    if (a->op == OP_FILES && a->words == 0) {
        a->op = OP_LIST;
        return 0;
    }
    if (w < WORDS_PLACE)
        return 0;
    if (op_of_distro(a->op) && a->words > 0)
        a->distro = a->word[0];
    if (a->words < counts[w].min)
        return missing(a->op, a->words, e);
    return w <= WORDS_COPY ? find_place(a, e) : 0;
}

static bool is_flag(const struct op_args *a, const char *word)
{
    const unsigned with_short = FLAG_LONG | FLAG_RECURSIVE | FLAG_PRESERVE | FLAG_FOLLOW;

    return strncmp(word, "--", 2) == 0 ||
           ((op_table[a->op].flags & with_short) && word[0] == '-' && word[1]);
}

/* `lxtop VERB --help` is `lxtop help VERB`. */
static bool asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int take_help(struct op_args *a, const char *verb)
{
    *a = (struct op_args){.op = OP_HELP, .word = {verb}, .words = 1};
    return 0;
}

int op_parse(int argc, char *const *argv, struct op_args *a, struct err *e)
{
    int first, op = op_find_words(argc, argv, &first), r = 0;
    unsigned words = 0;
    bool only_words = false;

    *a = (struct op_args){0};
    if (op < 0)
        return argc > 1 && asks_help(argv[1]) && op_is_half(argv[0]) ? take_help(a, argv[0])
                                                                     : say_second_words(argv[0], e);
    a->op = (enum op_id)op;
    for (int i = first; i < argc && r == 0; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!only_words && asks_help(argv[i]))
            return take_help(a, op_table[op].verb);
        else if (!only_words && is_flag(a, argv[i]))
            r = parse_flag(a, argc, argv, &i, e);
        else
            r = parse_word(a, words++, argv[i], e);
        only_words |= op_table[op].words == WORDS_COMMAND && words >= 2;
    }
    if (r == 0 && ((op_table[op].words == WORDS_DISTRO && !a->distro) ||
                   (op_table[op].words == WORDS_SOURCE && !a->source) ||
                   (op_table[op].words == WORDS_SOURCE_NAME && words != 2)))
        r = missing(a->op, words, e);
    return r == 0 ? finish_words(a, e) : r;
}

bool op_of_distro(enum op_id op)
{
    enum op_words w = op_table[op].words;

    return w == WORDS_DISTRO || w == WORDS_MOUNT || w == WORDS_COMMAND || w >= WORDS_FORWARD;
}

bool op_legal(enum op_id op, enum machine_state s)
{
    return op_table[op].states == 0 || (op_table[op].states & MACHINE_BIT(s));
}

int op_refuse(enum op_id op, const struct model_distro *d, struct err *e)
{
    static const struct {
        unsigned states;
        const char *advice;
    } advices[] = {
        {MACHINE_BIT(MACHINE_INSTALLING), "wait until it is installed"},
        {MACHINE_LIVE, "stop it first: lxtop stop"},
        {MACHINE_DOWN, "start it first: lxtop start"},
    };
    const char *advice = "", *name = "";

    for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
        if (advices[i].states & MACHINE_BIT(d->state)) {
            advice = advices[i].advice;
            name = d->state == MACHINE_INSTALLING ? "" : d->name;
        }
    if (d->state == MACHINE_SUSPENDED && !op_legal(op, MACHINE_RUNNING))
        advice = "stop it first: lxtop stop";
    if ((op == OP_START && (MACHINE_BIT(d->state) & MACHINE_LIVE)) ||
        (op == OP_STOP && (MACHINE_BIT(d->state) & MACHINE_DOWN)))
        return err_set(e, EBUSY, "%s is %s already", d->name,
                       op == OP_START ? machine_state_name(d->state) : "stopped");
    return err_set(e, EBUSY, "%s %s %s; %s%s%s", d->name, d->state == MACHINE_FAILED ? "has" : "is",
                   machine_state_name(d->state), advice,
                   *name ? " " : "", name);
}

const char *op_watches(const struct op_args *a)
{
    enum op_words w = op_table[a->op].words;

    return w == WORDS_DISTRO || w >= WORDS_PLACE ? a->distro : NULL;
}

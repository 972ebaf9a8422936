/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* vitrine-img: what its commands share.
 *
 * Options, their order, messages on standard output and exit codes are those of qemu-img, so that scripts
 * written for one work with the other. */

#include "block.h"

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- Commands and options: img-options.c ---- */

typedef struct {
  int id; /* a letter is the short name, too; others start at IMG_LONG */
  const char *name;
  const char *argument; /* NULL: a switch */
  const char *help;
  const char *refusal; /* of an option of qemu-img's that we do not have: why, and what to do instead */
} ImgOption;

enum {
  IMG_LONG = 256,
  IMG_OUTPUT,
  IMG_SHRINK,
  IMG_PREALLOCATION,
  IMG_SALVAGE,
  IMG_TARGET_IS_ZERO,
  IMG_PATTERN,
  IMG_FLUSH_INTERVAL,
  IMG_NO_DRAIN,
  IMG_REFUSED = 900 /* and up: for options that are */
};
/* What img_next_option() returns instead of an id. */
enum { IMG_END = -1, IMG_BAD = -2, IMG_HELP = -3 };

typedef struct ImgArgs ImgArgs;
typedef struct {
  const char *name, *summary, *usage;
  const ImgOption *options;   /* the last one's name is NULL */
  int (*run) (ImgArgs *args); /* returns the exit status */
} ImgCommand;

struct ImgArgs {
  const ImgCommand *command;
  int argc; /* argv[0] is the command's name */
  char **argv;
  char *letters;
  struct option *longs;
};

/* The id of the next option; *ret_value is its argument. A bad option has been complained about, help has
 * been given. */
int img_next_option (ImgArgs *args, const char **ret_value);
/* What a command returns for IMG_BAD and IMG_HELP. */
int img_option_status (int id);
/* After IMG_END: what is no option. */
char **img_operands (ImgArgs *args, int *ret_n);
/* Complains about the command line; returns 1. */
int img_usage_error (ImgArgs *args, const char *format, ...) G_GNUC_PRINTF (2, 3);
bool img_parse_output (ImgArgs *args, const char *value, bool *ret_json);

/* ---- Messages, images: img-common.c ---- */

/* "path=PATH,fd=N": PATH is the file that the descriptor N has open. */
bool img_add_file (const char *value);
/* From now on other files cannot be opened, nor anything else be done to the host. */
void img_confine (void);
void img_error (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* The same with an error's text, which is freed. */
void img_report (GError *error);
/* The same for an image that could not be opened. */
void img_report_open (const char *path, GError *error);
/* cache= by name. */
bool img_parse_cache (const char *name, BlockCache *ret_cache);
/* "1.5G"; complains about anything else. `what` is the name in the message. */
bool img_parse_size (const char *what, const char *text, uint64_t *ret_size);
/* NULL after a complaint. */
Block *img_open (const char *path, const char *format, bool writable, BlockCache cache, bool force_share);
/* The same for reading; `snapshot` is NULL or an internal snapshot's id or name. */
Block *img_open_source (const char *path, const char *format, BlockCache cache, bool force_share,
                        const char *snapshot);
/* What -l says: an id or a name, or snapshot.id=ID or snapshot.name=NAME. Complains about anything else. */
bool img_parse_snapshot (const char *text, char **ret_snapshot);
/* "1.5 GiB" */
char *img_size_text (uint64_t bytes);
/* The snapshots as a table; nothing if there are none. */
void img_print_snapshots (const BlockInfo *info);
/* One value of JSON, with qemu-img's line breaks; takes the builder. */
void img_print_json (JsonBuilder *builder);

/* ---- Creation: img-create.c, img-create-options.c ---- */

/* Adds -o's text, which may be given more than once, to name -> value. Complains and returns false if it is
 * malformed. */
bool img_add_create_options (GHashTable *options, const char *text);
GHashTable *img_create_options_new (void);
/* Whether the text asks what there is ("help", "?", "list"). */
bool img_is_options_help (const char *text);
bool img_print_create_options (const char *format);
/* "Formatting 'x', fmt=…", of options that have been accepted. */
void img_print_formatting (const char *path, const BlockCreate *create, uint64_t size);

/* ---- Progress and being stopped: img-progress.c ---- */

/* Also catches SIGINT, SIGTERM and SIGHUP, and SIGUSR1, which asks how far it is. */
void img_progress_begin (bool show);
/* Any thread; the largest share counts. */
void img_progress_set (double share);
void img_progress_end (bool complete);
/* Whether a signal has asked for the end. */
bool img_cancelled (void);
/* To be called when all is cleaned up: ends the process the way the signal would have. Does nothing if none
 * came. */
void img_die_if_cancelled (void);

/* ---- Work in parallel: img-parallel.c ---- */

/* Calls work(opaque) in `n` threads, one of which is the caller's, until all have returned. */
void img_parallel (unsigned n, void (*work) (void *opaque), void *opaque);
/* Memory for I/O with any cache mode; free with g_aligned_free(). */
void *img_buffer_new (size_t size);
bool img_is_zero (const void *buffer, size_t size);

extern const ImgCommand img_bench, img_check, img_compare, img_convert, img_create, img_info, img_map,
    img_measure, img_resize, img_snapshot;

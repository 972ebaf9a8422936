/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Between the files of the server: who answers which command. */

#include "gdb-server.h"

/* Reads a thread id: *ret_id is 0 for any, -1 for all. */
bool gdb_parse_id (const GdbServer *s, const char **text, int *ret_id);
void gdb_append_id (const GdbServer *s, GString *out, int id);

/* gdb-thread.c */
GdbNext gdb_stop_reason (GdbServer *s, const char *args, size_t size);
GdbNext gdb_set_thread (GdbServer *s, const char *args, size_t size);
GdbNext gdb_thread_alive (GdbServer *s, const char *args, size_t size);
GdbNext gdb_first_threads (GdbServer *s, const char *args, size_t size);
GdbNext gdb_next_threads (GdbServer *s, const char *args, size_t size);
GdbNext gdb_thread_extra (GdbServer *s, const char *args, size_t size);
GdbNext gdb_current_thread (GdbServer *s, const char *args, size_t size);

/* gdb-query.c */
GdbNext gdb_supported (GdbServer *s, const char *args, size_t size);
GdbNext gdb_transfer (GdbServer *s, const char *args, size_t size);
GdbNext gdb_attached (GdbServer *s, const char *args, size_t size);
GdbNext gdb_monitor (GdbServer *s, const char *args, size_t size);

/* gdb-register.c */
/* The description of the registers that gdb reads as target.xml. */
GString *gdb_describe (const GuestIsa *isa, const char *osabi);
GdbNext gdb_read_registers (GdbServer *s, const char *args, size_t size);
GdbNext gdb_write_registers (GdbServer *s, const char *args, size_t size);
GdbNext gdb_read_register (GdbServer *s, const char *args, size_t size);
GdbNext gdb_write_register (GdbServer *s, const char *args, size_t size);

/* gdb-memory.c */
GdbNext gdb_read_memory (GdbServer *s, const char *args, size_t size);
GdbNext gdb_write_memory (GdbServer *s, const char *args, size_t size);
GdbNext gdb_write_binary (GdbServer *s, const char *args, size_t size);

/* gdb-point.c */
GdbNext gdb_insert_point (GdbServer *s, const char *args, size_t size);
GdbNext gdb_remove_point (GdbServer *s, const char *args, size_t size);

/* gdb-watch.c */
/* False when there are too many, or none such to remove. */
bool gdb_watch_insert (GdbServer *s, GdbWatchKind kind, uint64_t addr, uint64_t size);
bool gdb_watch_remove (GdbServer *s, GdbWatchKind kind, uint64_t addr, uint64_t size);
void gdb_watch_remove_all (GdbServer *s);
/* gdb's name of the kind in a stop. */
const char *gdb_watch_name (GdbWatchKind kind);

/* gdb-resume.c */
GdbNext gdb_vcont (GdbServer *s, const char *args, size_t size);
GdbNext gdb_vcont_query (GdbServer *s, const char *args, size_t size);
GdbNext gdb_continue (GdbServer *s, const char *args, size_t size);
GdbNext gdb_continue_signal (GdbServer *s, const char *args, size_t size);
GdbNext gdb_step (GdbServer *s, const char *args, size_t size);
GdbNext gdb_step_signal (GdbServer *s, const char *args, size_t size);

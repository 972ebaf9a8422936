/* SPDX-License-Identifier: GPL-3.0-or-later */

/* /proc/self/maps as the guest must see it. Files, offsets and devices come from the host's own list, which
 * knows them best (deleted and renamed files, shared memory); protections and the names of special mappings
 * are the guest's. */

#include "user-map.h"

#include <stdio.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

typedef struct {
  uint64_t start, end, offset, inode;
  unsigned major, minor;
  const char *name; /* into the line, "" for none */
} HostLine;

static bool
parse_line (char *line, HostLine *ret)
{
  int name_at = 0;
  char prot[8];
  int fields = sscanf (line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64 " %n", &ret->start,
                       &ret->end, prot, &ret->offset, &ret->major, &ret->minor, &ret->inode, &name_at);
  if (fields < 7)
    return false;
  ret->name = name_at ? line + name_at : "";
  return true;
}

static const char *
map_name (const UserMap *map, const HostLine *host)
{
  switch (map->kind) {
    case USER_MAP_HEAP: return "[heap]";
    case USER_MAP_STACK: return "[stack]";
    case USER_MAP_VDSO: return "[vdso]";
    case USER_MAP_PLAIN: break;
  }
  /* The host's idea of its own heap or stack is not the guest's, but the guest may name anonymous memory. */
  if (host->name[0] == '[' && !g_str_has_prefix (host->name, "[anon"))
    return "";
  return host->name;
}

static void
append_line (GString *text, const UserMap *map, const HostLine *host)
{
  uint64_t start = MAX (map->start, host->start), end = MIN (map->end, host->end);
  uint64_t offset = host->inode || host->offset ? host->offset + (start - host->start) : 0;
  gsize line_start = text->len;
  g_string_append_printf (text, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64 " ",
                          start, end, map->prot & PROT_READ ? 'r' : '-', map->prot & PROT_WRITE ? 'w' : '-',
                          map->prot & PROT_EXEC ? 'x' : '-', map->flags & USER_MAP_SHARED ? 's' : 'p', offset,
                          host->major, host->minor, host->inode);
  const char *name = map_name (map, host);
  /* Linux puts names in a column that depends on the size of a pointer. */
  gsize column = guest_space_size > UINT64_C (1) << 32 ? 73 : 49;
  while (*name && text->len - line_start < column)
    g_string_append_c (text, ' ');
  g_string_append (text, name);
  g_string_append_c (text, '\n');
}

/* All mappings of the guest that share addresses with one of the host's. */
static void
append_matches (GString *text, HostLine *host)
{
  host->start = h2g ((void *)(uintptr_t)host->start);
  host->end = h2g ((void *)(uintptr_t)host->end);
  if (host->start >= guest_space_size)
    return;
  for (UserMap *map = user_map_find (host->start); map && map->start < host->end; map = user_map_next (map))
    append_line (text, map, host);
}

char *
user_proc_maps (void)
{
  GString *text = g_string_new (NULL);
  g_autofree char *host_text = NULL;
  g_mutex_lock (&user_map_space.lock);
  user_map_sync_stacks ();
  if (g_file_get_contents ("/proc/self/maps", &host_text, NULL, NULL)) {
    char *rest = NULL;
    for (char *line = strtok_r (host_text, "\n", &rest); line; line = strtok_r (NULL, "\n", &rest)) {
      HostLine host;
      if (parse_line (line, &host))
        append_matches (text, &host);
    }
  }
  g_mutex_unlock (&user_map_space.lock);
  return g_string_free (text, FALSE);
}

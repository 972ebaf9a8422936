/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-internal.h"

#include <glib-unix.h>

typedef struct {
  GSource source; /* must be first */
  NetBackend *net;
  NetFdCallback callback;
  void *tag;
} FdSource;

struct NetFd {
  FdSource *source;
  GIOCondition condition;
};

static gboolean
dispatch (GSource *source, GSourceFunc unused, void *data)
{
  FdSource *fd_source = (FdSource *)source;
  fd_source->callback (fd_source->net, g_source_query_unix_fd (source, fd_source->tag));
  return G_SOURCE_CONTINUE;
}

NetFd *
net_fd_new (NetBackend *net, int fd, NetFdCallback callback)
{
  static GSourceFuncs funcs = { .dispatch = dispatch };
  NetFd *watch = g_new0 (NetFd, 1);
  GSource *source = g_source_new (&funcs, sizeof (FdSource));
  watch->source = (FdSource *)source;
  watch->source->net = net;
  watch->source->callback = callback;
  watch->source->tag = g_source_add_unix_fd (source, fd, 0);
  g_source_attach (source, net->context);
  return watch;
}

void
net_fd_free (NetFd *watch)
{
  if (!watch)
    return;
  g_source_destroy (&watch->source->source);
  g_source_unref (&watch->source->source);
  g_free (watch);
}

void
net_fd_set (NetFd *watch, GIOCondition condition)
{
  if (watch->condition == condition)
    return;
  watch->condition = condition;
  g_source_modify_unix_fd (&watch->source->source, watch->source->tag, condition);
}

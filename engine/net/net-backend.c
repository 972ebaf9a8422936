/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-internal.h"
#include "suggest.h"

#include <string.h>

static const NetOps *const kinds[] = { &net_user_ops, &net_tap_ops, &net_stream_ops, &net_dgram_ops,
                                       &net_socket_ops };
/* Back ends in the order of their creation; main thread only. */
static GPtrArray *backends;

G_DEFINE_QUARK (vitrine_net_error, net_error)

void
net_set_error (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, NET_ERROR, 0, text);
}

GPtrArray *
net_backend_kinds (void)
{
  GPtrArray *names = g_ptr_array_new ();
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_ptr_array_add (names, (char *)kinds[i]->name);
  return names;
}

static const NetOps *
find_kind (const char *name, GError **error)
{
  const char *names[G_N_ELEMENTS (kinds) + 1] = { NULL };
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++) {
    if (name && !strcmp (kinds[i]->name, name))
      return kinds[i];
    names[i] = kinds[i]->name;
  }
  g_autofree char *all = g_strjoinv (", ", (char **)names), *hint = name ? suggest_hint (name, names) : NULL;
  if (name)
    net_set_error (error, "there is no kind of network '%s'%s Known: %s", name, hint, all);
  else
    net_set_error (error, "the kind of network is missing; write one of %s first", all);
  return NULL;
}

/* Only the caller has it yet. */
static void
destroy (NetBackend *net)
{
  if (net->ops)
    net->ops->close (net);
  net_receive_drop_all (net);
  vnet_merge_free (net->merge);
  g_free (net->scratch);
  g_free (net->id);
  g_free (net);
}

static bool
choose_id (NetBackend *net, Keyval *kv, GError **error)
{
  static unsigned anonymous;
  const char *id = keyval_get (kv, "id");
  net->id = id ? g_strdup (id) : g_strdup_printf ("#net%03u", anonymous++);
  if (!net_backend_find (net->id))
    return true;
  net_set_error (error, "there are two networks with the id '%s'; give each its own", net->id);
  return false;
}

NetBackend *
net_backend_new (const char *options, GError **error)
{
  g_autoptr (Keyval) kv = keyval_parse (options, "type", error);
  const NetOps *ops = kv ? find_kind (keyval_get (kv, "type"), error) : NULL;
  if (!ops)
    return NULL;
  NetBackend *net = g_new0 (NetBackend, 1);
  g_autofree char *what = g_strdup_printf ("a network of the kind '%s'", ops->name);
  net->mtu = 1500;
  g_queue_init (&net->queue);
  if (!choose_id (net, kv, error)) {
    destroy (net);
    return NULL;
  }
  net->ops = ops;
  net->scratch = g_malloc (VNET_FRAME_MAX + 1);
  if (!ops->open (net, kv, error) || !keyval_finish (kv, what, error)) {
    g_prefix_error (error, "network %s: ", net->id);
    destroy (net);
    return NULL;
  }
  if (net->use_merge)
    net->merge = vnet_merge_new (net_deliver, net);
  if (!backends)
    backends = g_ptr_array_new ();
  g_ptr_array_add (backends, net);
  return net;
}

void
net_backend_free (NetBackend *net)
{
  if (!net)
    return;
  net_backend_detach (net);
  g_ptr_array_remove (backends, net);
  destroy (net);
}

const char *
net_backend_id (const NetBackend *net)
{
  return net->id;
}

NetBackend *
net_backend_find (const char *id)
{
  for (unsigned i = 0; backends && i < backends->len; i++) {
    NetBackend *net = backends->pdata[i];
    if (!strcmp (net->id, id))
      return net;
  }
  return NULL;
}

GPtrArray *
net_backend_list (void)
{
  return backends ? g_ptr_array_copy (backends, NULL, NULL) : g_ptr_array_new ();
}

typedef struct {
  GSource source; /* must be first */
  NetBackend *net;
} ReadySource;

/* What a back end does not do itself is done here. */
unsigned
net_backend_features (const NetBackend *net)
{
  return net->native & NET_VNET_HDR ? net->native : NET_VNET_HDR | NET_CSUM | NET_TSO4 | NET_TSO6;
}

bool
net_backend_set_features (NetBackend *net, unsigned features)
{
  if (features & ~net_backend_features (net))
    return false;
  g_atomic_int_set (&net->features, (gint)features);
  if (net->ops->features)
    net->ops->features (net, features);
  return true;
}

void
net_backend_use_context (NetBackend *net, GMainContext *context)
{
  net->given_context = context;
}

static void
start (void *data)
{
  NetBackend *net = data;
  if (net->started || net->paused)
    return;
  net->started = true;
  net->ops->start (net);
  net_receive_retry (net);
  net_receive_done (net);
  net_sent (net);
}

static void
stop (void *data)
{
  NetBackend *net = data;
  if (!net->started)
    return;
  net_receive_done (net);
  net->ops->stop (net);
  net->started = false;
}

/* A source that is ready when net_backend_ready() says so. */
static gboolean
ready (GSource *source, GSourceFunc callback, void *data)
{
  NetBackend *net = ((ReadySource *)source)->net;
  g_source_set_ready_time (source, -1);
  if (!net->started)
    return G_SOURCE_CONTINUE;
  net_receive_retry (net);
  if (net_can_receive (net) && net->ops->resume)
    net->ops->resume (net);
  net_receive_done (net);
  return G_SOURCE_CONTINUE;
}

void
net_backend_ready (NetBackend *net)
{
  if (net->ready_source)
    g_source_set_ready_time (net->ready_source, 0);
}

bool
net_backend_attach (NetBackend *net, const NetClient *client, void *opaque, GError **error)
{
  if (net->client) {
    net_set_error (error, "network %s is in use by another device; give each device its own -netdev",
                   net->id);
    return false;
  }
  net->client = client;
  net->client_opaque = opaque;
  if (!net->given_context)
    net->thread = net_thread_new (net->id);
  net->context = net->given_context ? net->given_context : net_thread_context (net->thread);
  static GSourceFuncs ready_funcs = { .dispatch = ready };
  net->ready_source = g_source_new (&ready_funcs, sizeof (ReadySource));
  ((ReadySource *)net->ready_source)->net = net;
  g_source_attach (net->ready_source, net->context);
  net_run_sync (net, start, net);
  return true;
}

static void
disconnect (void *data)
{
  NetBackend *net = data;
  stop (net);
  g_source_destroy (net->ready_source);
}

bool
net_backend_attached (const NetBackend *net)
{
  return net->client != NULL;
}

void
net_backend_detach (NetBackend *net)
{
  if (!net->client)
    return;
  net_run_sync (net, disconnect, net);
  g_clear_pointer (&net->ready_source, g_source_unref);
  net->client = NULL;
  net->sent = NULL;
  net->context = net->given_context = NULL;
  g_clear_pointer (&net->thread, net_thread_free);
  net_receive_drop_all (net);
  net_backend_set_features (net, 0);
}

static void
pause_now (void *data)
{
  NetBackend *net = data;
  stop (net);
  net->paused = true;
}

static void
resume_now (void *data)
{
  NetBackend *net = data;
  net->paused = false;
  if (net->client)
    start (net);
}

void
net_backend_pause (NetBackend *net, bool paused)
{
  net_run_sync (net, paused ? pause_now : resume_now, net);
}

bool
net_backend_link (NetBackend *net)
{
  return !g_atomic_int_get (&net->admin_down) && !g_atomic_int_get (&net->no_carrier);
}

static void
set_link (NetBackend *net, gint *reason, bool up)
{
  const bool before = net_backend_link (net);
  g_atomic_int_set (reason, !up);
  if (net_backend_link (net) != before && net->client && net->client->link)
    net->client->link (net->client_opaque, !before);
}

static void
link_up (void *data)
{
  NetBackend *net = data;
  set_link (net, &net->admin_down, true);
}

static void
link_down (void *data)
{
  NetBackend *net = data;
  set_link (net, &net->admin_down, false);
}

void
net_backend_set_link (NetBackend *net, bool up)
{
  net_run_sync (net, up ? link_up : link_down, net);
}

void
net_set_carrier (NetBackend *net, bool up)
{
  set_link (net, &net->no_carrier, up);
}

typedef struct {
  NetBackend *net;
  GString *out;
  bool connections, add, ok;
  const char *rule;
  GVariant *state;
  GError **error;
} Call;

static void
describe (void *data)
{
  Call *call = data;
  NetBackend *net = call->net;
  if (!call->connections)
    g_string_append_printf (call->out, "%s: index=0,type=%s", net->id, net->ops->name);
  if (net->ops->describe)
    net->ops->describe (net, call->out, call->connections);
  if (!call->connections)
    g_string_append_printf (call->out,
                            ",link=%s,rx=%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "B,tx=%" G_GUINT64_FORMAT
                            "/%" G_GUINT64_FORMAT "B,dropped=%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "\n",
                            net_backend_link (net) ? "up" : "down", net->rx_frames, net->rx_bytes,
                            net->tx_frames, net->tx_bytes, net->rx_dropped, net->tx_dropped);
}

void
net_backend_describe (NetBackend *net, GString *out, bool connections)
{
  Call call = { .net = net, .out = out, .connections = connections };
  net_run_sync (net, describe, &call);
}

static void
hostfwd (void *data)
{
  Call *call = data;
  call->ok = call->net->ops->hostfwd (call->net, call->rule, call->add, call->error);
}

bool
net_backend_hostfwd (NetBackend *net, const char *rule, bool add, GError **error)
{
  Call call = { .net = net, .rule = rule, .add = add, .error = error };
  if (!net->ops->hostfwd) {
    net_set_error (error, "network %s is of the kind '%s', and only 'user' forwards ports of the host",
                   net->id, net->ops->name);
    return false;
  }
  net_run_sync (net, hostfwd, &call);
  return call.ok;
}

static void
save (void *data)
{
  Call *call = data;
  NetBackend *net = call->net;
  GVariantBuilder state;
  net_receive_done (net);
  g_variant_builder_init (&state, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&state, "{sv}", "kind", g_variant_new_string (net->ops->name));
  g_variant_builder_add (&state, "{sv}", "link",
                         g_variant_new_boolean (!g_atomic_int_get (&net->admin_down)));
  g_variant_builder_add (&state, "{sv}", "frames", net_receive_save (net));
  if (net->ops->save)
    g_variant_builder_add (&state, "{sv}", "state", net->ops->save (net));
  call->state = g_variant_ref_sink (g_variant_builder_end (&state));
}

GVariant *
net_backend_save (NetBackend *net)
{
  Call call = { .net = net };
  net_run_sync (net, save, &call);
  return call.state;
}

static void
load (void *data)
{
  Call *call = data;
  NetBackend *net = call->net;
  const char *kind = "";
  gboolean up = TRUE;
  g_autoptr (GVariant) frames = g_variant_lookup_value (call->state, "frames", G_VARIANT_TYPE ("aay"));
  g_autoptr (GVariant) own = g_variant_lookup_value (call->state, "state", NULL);
  g_variant_lookup (call->state, "kind", "&s", &kind);
  g_variant_lookup (call->state, "link", "b", &up);
  set_link (net, &net->admin_down, up);
  if (frames)
    net_receive_load (net, frames);
  /* A machine may be restored onto another kind of network: the guest sees its connections break. */
  call->ok =
      !own || strcmp (kind, net->ops->name) || !net->ops->load || net->ops->load (net, own, call->error);
}

bool
net_backend_load (NetBackend *net, GVariant *state, GError **error)
{
  Call call = { .net = net, .state = state, .error = error };
  if (!g_variant_is_of_type (state, G_VARIANT_TYPE_VARDICT)) {
    net_set_error (error, "the saved state of network %s is damaged", net->id);
    return false;
  }
  net_run_sync (net, load, &call);
  return call.ok;
}

void
net_backend_stats (const NetBackend *net, NetStats *ret_stats)
{
  *ret_stats = (NetStats){ __atomic_load_n (&net->rx_frames, __ATOMIC_RELAXED),
                           __atomic_load_n (&net->rx_bytes, __ATOMIC_RELAXED),
                           __atomic_load_n (&net->tx_frames, __ATOMIC_RELAXED),
                           __atomic_load_n (&net->tx_bytes, __ATOMIC_RELAXED) };
}

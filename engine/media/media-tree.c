/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Finding files in any file system that can list a directory. */

#include "media-private.h"

/* A directory may contain itself. */
enum { DEPTH_MAX = 12 };

typedef struct {
  Tree *tree;
  char **parts;
  TreeVisit visit;
  void *opaque;
} Glob;

typedef struct {
  const Glob *glob;
  unsigned depth;
} GlobLevel;

static bool
glob_entry (void *opaque, const TreeNode *node)
{
  const GlobLevel *level = opaque;
  const Glob *glob = level->glob;
  if (!g_pattern_match_simple (glob->parts[level->depth], node->name))
    return true;
  if (!glob->parts[level->depth + 1])
    return node->directory || glob->visit (glob->opaque, node);
  GlobLevel next = { glob, level->depth + 1 };
  return !node->directory || glob->tree->list (glob->tree, node, glob_entry, &next);
}

bool
tree_glob (Tree *tree, const char *pattern, TreeVisit visit, void *opaque)
{
  g_auto (GStrv) parts = g_strsplit (pattern, "/", DEPTH_MAX);
  Glob glob = { tree, parts, visit, opaque };
  GlobLevel level = { &glob, 0 };
  return tree->list (tree, NULL, glob_entry, &level);
}

static bool
keep_node (void *opaque, const TreeNode *node)
{
  *(TreeNode *)opaque = *node;
  return false;
}

bool
tree_find (Tree *tree, const char *path, TreeNode *ret_node)
{
  return !tree_glob (tree, path, keep_node, ret_node);
}

char *
tree_text (Tree *tree, const char *path, size_t most)
{
  TreeNode node;
  if (!tree_find (tree, path, &node) || !node.size)
    return NULL;
  size_t size = MIN (node.size, most);
  char *text = g_malloc (size + 1);
  text[tree->read (tree, &node, 0, text, size)] = '\0';
  return text;
}

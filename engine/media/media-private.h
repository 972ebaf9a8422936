/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media.h"
#include "block.h"

#include <string.h>

/* ---- Reading: media-input.c ---- */

enum { INPUT_PAGE = 4096, INPUT_PAGES = 16 };

typedef struct {
  Block *block; /* NULL: of the file itself */
  uint64_t number;
  size_t size; /* 0: the slot is free; less than a page at the file's end */
  uint8_t data[INPUT_PAGE];
} InputPage;

/* The file, and what reading it has come to: one budget and one error for all views of it. */
typedef struct {
  int fd;
  uint64_t left; /* bytes that may yet be read */
  int error;     /* errno of the first failure */
  uint64_t error_at;
  bool cancelled, exhausted, damaged; /* damaged: the disk in an image file cannot be read everywhere */
  GCancellable *cancellable;
  InputPage pages[INPUT_PAGES];
} Input;

/* A range of the file, or of the disk that an image file describes. */
typedef struct {
  Input *input;
  Block *block;
  uint64_t start, size;
} View;

/* As much of `size` bytes at `offset` as there is. */
size_t view_read (const View *view, uint64_t offset, void *buffer, size_t size);
/* All of it, or false. */
bool view_read_all (const View *view, uint64_t offset, void *buffer, size_t size);
/* The part of the range that lies within the view. */
View view_slice (const View *view, uint64_t offset, uint64_t size);

static inline uint16_t
le16 (const uint8_t *bytes)
{
  return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t
le32 (const uint8_t *bytes)
{
  return le16 (bytes) | (uint32_t)le16 (bytes + 2) << 16;
}

static inline uint64_t
le64 (const uint8_t *bytes)
{
  return le32 (bytes) | (uint64_t)le32 (bytes + 4) << 32;
}

static inline uint16_t
be16 (const uint8_t *bytes)
{
  return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t
be32 (const uint8_t *bytes)
{
  return (uint32_t)be16 (bytes) << 16 | be16 (bytes + 2);
}

static inline uint64_t
be64 (const uint8_t *bytes)
{
  return (uint64_t)be32 (bytes) << 32 | be32 (bytes + 4);
}

/* ---- Architectures: media-arch.c ---- */

typedef enum {
  ARCH_NONE, /* not known, or none that Vitrine has a name for */
  ARCH_X86_64,
  ARCH_I386,
  ARCH_AARCH64,
  ARCH_ARM,
  ARCH_RISCV64,
  ARCH_RISCV32,
  ARCH_LOONGARCH64,
  ARCH_PPC64,
  ARCH_PPC,
  ARCH_MIPS64EL,
  ARCH_MIPS64,
  ARCH_MIPSEL,
  ARCH_MIPS,
  ARCH_SPARC64,
  ARCH_SPARC,
  ARCH_S390X,
  ARCH_COUNT
} Arch;

const char *arch_name (Arch arch);
Arch arch_of_pe (uint16_t machine);
/* `type` is e_type's neighbour e_machine, with the file's class and byte order. */
Arch arch_of_elf (uint16_t machine, bool is_64, bool big_endian);
/* One word, as distributions write it: "amd64", "x86_64", "AA64", … */
Arch arch_of_word (const char *word);

/* What says so; the more, and the more direct, the surer. */
typedef enum {
  EVIDENCE_NAMED = 1,  /* the volume's name */
  EVIDENCE_RECORD = 2, /* a boot record of a family of architectures */
  EVIDENCE_STATED = 4, /* a file that describes the medium, a partition's type */
  EVIDENCE_LOADER = 8, /* a boot loader's program header */
  EVIDENCE_KERNEL = 16,
} Evidence;

/* ---- The whole ---- */

typedef struct {
  Input input;
  MediaInfo *info;
  GPtrArray *remarks;
  uint8_t evidence[ARCH_COUNT]; /* sets of Evidence */
} Probe;

void probe_remark (Probe *probe, const char *format, ...) G_GNUC_PRINTF (2, 3);
static inline void
probe_evidence (Probe *probe, Arch arch, Evidence evidence)
{
  probe->evidence[arch] |= evidence;
}
/* Each word of a text that names an architecture. */
void probe_words (Probe *probe, const char *text, Evidence evidence);
/* For people to read, perhaps on a terminal: valid UTF-8, without control characters. Newly allocated. */
char *probe_printable (const char *text, size_t size);
/* "1.5 GB (1500000000 bytes)"; newly allocated. */
char *probe_size (uint64_t size);
/* Fills in MediaInfo.architectures. */
void probe_conclude (Probe *probe);

/* ---- File systems: media-tree.c ---- */

enum { TREE_NAME_MAX = 255 };

typedef struct {
  char name[TREE_NAME_MAX + 1]; /* UTF-8, lower case where it is ASCII */
  bool directory;
  uint64_t where; /* the file system's */
  uint64_t size;
} TreeNode;

typedef struct Tree Tree;
/* False: no more. */
typedef bool (*TreeVisit) (void *opaque, const TreeNode *node);
struct Tree {
  /* Names what is in a directory (NULL: the root); false when the visitor wanted no more. */
  bool (*list) (Tree *tree, const TreeNode *directory, TreeVisit visit, void *opaque);
  size_t (*read) (Tree *tree, const TreeNode *file, uint64_t offset, void *buffer, size_t size);
};

/* Visits the files whose path matches "a/b*""/c", in lower case: '*' and '?' within a name. False when the
 * visitor wanted no more. */
bool tree_glob (Tree *tree, const char *pattern, TreeVisit visit, void *opaque);
bool tree_find (Tree *tree, const char *path, TreeNode *ret_node);
/* The beginning of a file as a string, at most `most` bytes; NULL when there is none. */
char *tree_text (Tree *tree, const char *path, size_t most);

typedef struct {
  Tree tree;
  View view;
  unsigned bits; /* 12, 16 or 32 */
  uint64_t fat, root, data;
  uint32_t root_size, cluster_size, clusters;
  uint32_t root_cluster;
} Fat;

/* False when this is no FAT file system. */
bool fat_open (Fat *fat, const View *view);

enum { ISO_SECTOR = 2048 };

typedef struct {
  Tree tree;
  View view;
  uint32_t block_size;
  TreeNode root;
  bool rock_ridge, joliet; /* whose names are used */
  uint8_t susp_skip;
  uint32_t catalogue; /* El Torito's, in sectors; 0: none */
  bool udf;
} Iso;

/* False when there is no volume descriptor. Fills in what the primary one says. */
bool iso_open (Iso *iso, const View *view, MediaInfo *info);

/* ---- What is in them ---- */

/* Programs of a file system's EFI/BOOT and their architectures; true when there is one. */
bool efi_probe_tree (Probe *probe, Tree *tree);
/* The same for a FAT image. */
bool efi_probe_image (Probe *probe, const View *view);

void eltorito_probe (Probe *probe, const View *view, uint32_t catalogue);
void iso_probe (Probe *probe, const View *view);
/* Kernels, descriptions and boot loaders of a CD's tree. */
void installer_probe (Probe *probe, Tree *tree);

/* A partition table and the EFI system partition; false when there is no table. */
bool disk_probe (Probe *probe, const View *view);

enum { KERNEL_HEAD = 65536 }; /* as much of a file as tells */

typedef struct {
  const char
      *format; /* "bzImage", "Image", "zImage", "vmlinux", "zboot", "uImage", "uki"; "elf", "pe": a program */
  Arch arch;
  bool kernel; /* a Linux kernel, as opposed to some program */
  bool packed; /* in a gzip file */
} KernelKind;

/* By a file's beginning. A packed one is unpacked as far as needed. */
bool kernel_recognise (const uint8_t *head, size_t size, KernelKind *ret_kind);
/* A PE program's machine; ARCH_NONE when it is no such program. */
Arch kernel_pe_arch (const uint8_t *head, size_t size);
/* The beginning of what a gzip file holds; the number of bytes, 0 when it is none. */
size_t kernel_unpack (const uint8_t *packed, size_t size, uint8_t *buffer, size_t buffer_size);

/* A firmware volume (UEFI PI); false when there is none. */
bool firmware_probe (Probe *probe, const View *view);

/* These are false when it is not one of them. Archives and other programs' disk images, by a few bytes: */
bool formats_probe (Probe *probe, const View *view);
/* A file system without a partition table; those that tell in the first sector could be taken for one, and
 * those that tell elsewhere may be the remains of what a disk held before. */
bool filesystem_probe (Probe *probe, const View *view, bool in_first_sector);
bool text_probe (Probe *probe, const View *view);

/* What the doors to Python share, and those that module.c lists. */
#ifndef BIOTHECA_MODULE_H
#define BIOTHECA_MODULE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "fastq.h"

const engine_t *engine_named(const char *name); /* NULL with an error set if it does not run here; NULL names the best */
/* The table that is counted in, or NULL with an error set if it is of another size. */
uint64_t *table_of(const Py_buffer *table);
few_t *few_of(PyObject *capsule); /* what scan counts in, or NULL with an error set */

PyObject *bam_door(PyObject *self, PyObject *args);          /* bam_module.c */
PyObject *bgzf_door_blocks(PyObject *self, PyObject *args); /* bgzf_module.c */
PyObject *bgzf_door_unpack(PyObject *self, PyObject *args);

#endif

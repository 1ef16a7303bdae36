/* Methods of the module for digests; module.c lists them. */
#ifndef BIOTHECA_DIGESTS_MODULE_H
#define BIOTHECA_DIGESTS_MODULE_H

#include "module.h"

PyObject *digests_fast_door(PyObject *self, PyObject *args);
PyObject *digests_new_door(PyObject *self, PyObject *args);
PyObject *digests_update_door(PyObject *self, PyObject *args);
PyObject *digests_end_door(PyObject *self, PyObject *args);
PyObject *digests_save_door(PyObject *self, PyObject *args);

#define DIGESTS_METHODS                                                                            \
    {"digests_are_fast", digests_fast_door, METH_NOARGS, "Whether the processor has instructions for them."}, \
        {"digests", digests_new_door, METH_VARARGS, "MD5 and SHA-256 of what is to come."},            \
        {"digests_update", digests_update_door, METH_VARARGS, "The next bytes."},                  \
        {"digests_end", digests_end_door, METH_VARARGS, "Both digests of the bytes so far."},      \
        {"digests_save", digests_save_door, METH_VARARGS, "The state, to go on from elsewhere."},

#endif

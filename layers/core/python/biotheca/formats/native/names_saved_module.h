/* Facts and windows as bytes, from which another job goes on. Only for machines with the same kernel. */
#ifndef BIOTHECA_NAMES_SAVED_MODULE_H
#define BIOTHECA_NAMES_SAVED_MODULE_H

#include "module.h"

PyObject *names_facts_saved(PyObject *self, PyObject *args);
PyObject *names_facts_load(PyObject *self, PyObject *args);
PyObject *names_window_saved(PyObject *self, PyObject *args);
PyObject *names_window_load(PyObject *self, PyObject *args);

#define NAMES_SAVED_METHODS                                                                                            \
    {"facts_saved", names_facts_saved, METH_VARARGS, "Facts as bytes."},                                               \
        {"facts_load", names_facts_load, METH_VARARGS, "Take the place of facts."},                                    \
        {"window_saved", names_window_saved, METH_VARARGS, "A proof as bytes."},                                       \
        {"window_load", names_window_load, METH_VARARGS, "Take the place of a proof."},

#endif

/* Methods of the module that look at names; module.c lists them. */
#ifndef BIOTHECA_NAMES_MODULE_H
#define BIOTHECA_NAMES_MODULE_H

#include "module.h"

#include "names.h"

/* Take `walk` from (facts, window or None, wanted); 0, or -1 with an error set. */
int names_walk_of(PyObject *words, names_walk_t *walk);

PyObject *names_murmur(PyObject *self, PyObject *args);
PyObject *names_packed(PyObject *self, PyObject *args);
PyObject *names_facts(PyObject *self, PyObject *args);
PyObject *names_facts_feed(PyObject *self, PyObject *args);
PyObject *names_facts_result(PyObject *self, PyObject *args);
PyObject *names_window(PyObject *self, PyObject *args);
PyObject *names_window_holds(PyObject *self, PyObject *args);
PyObject *names_window_result(PyObject *self, PyObject *args);
PyObject *names_window_prints(PyObject *self, PyObject *args);
PyObject *names_spool(PyObject *self, PyObject *args);
PyObject *names_spool_feed(PyObject *self, PyObject *args);
PyObject *names_spool_result(PyObject *self, PyObject *args);
PyObject *names_table(PyObject *self, PyObject *args);
PyObject *names_match(PyObject *self, PyObject *args);
PyObject *names_bloom(PyObject *self, PyObject *args);

#define NAMES_METHODS                                                                                                  \
    {"murmur", names_murmur, METH_VARARGS, "MurmurHash3 x64-128 of a text."},                                          \
        {"name_lines", names_packed, METH_VARARGS, "Of each record what makes its key, a line each."},                 \
        {"facts", names_facts, METH_NOARGS, "Digests, read numbers and lanes of names to come."},                      \
        {"facts_feed", names_facts_feed, METH_VARARGS, "The next records; their hashes."},                             \
        {"facts_result", names_facts_result, METH_VARARGS, "What the names said."},                                    \
        {"window", names_window, METH_NOARGS, "A proof by order."},                                                    \
        {"window_holds", names_window_holds, METH_VARARGS, "Whether the proof still holds."},                          \
        {"window_result", names_window_result, METH_VARARGS, "Candidates of a proof that held."},                      \
        {"window_prints", names_window_prints, METH_VARARGS, "By what the window names its candidates."},              \
        {"spool", names_spool, METH_VARARGS, "Room for fingerprints."},                                                \
        {"spool_feed", names_spool_feed, METH_VARARGS, "The next hashes."},                                            \
        {"spool_result", names_spool_result, METH_VARARGS, "Which stand more than once."},                             \
        {"prints", names_table, METH_VARARGS, "A set of fingerprints."},                                               \
        {"match", names_match, METH_VARARGS, "Which records are in the set."},                                         \
        {"bloom", names_bloom, METH_VARARGS, "Which names a Bloom filter met before."},

#endif

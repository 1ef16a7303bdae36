/* The door of names to Python. What is kept from block to block lives in capsules; the GIL is released. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "names_module.h"

static const char FACTS[] = "biotheca.names.facts", WINDOW[] = "biotheca.names.window", SPOOL[] = "biotheca.names.spool";

static PyObject *no_such_span(void) {
    PyErr_SetString(PyExc_ValueError, "a span lies outside the text, or is no whole span");
    return NULL;
}

PyObject *names_murmur(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer text;
    if (!PyArg_ParseTuple(args, "y*", &text)) return NULL;
    uint64_t hash[2];
    murmur128(text.buf, (size_t)text.len, hash);
    PyBuffer_Release(&text);
    return Py_BuildValue("KK", (unsigned long long)hash[0], (unsigned long long)hash[1]);
}

/* name_lines(text, spans) -> text */
PyObject *names_packed(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer text, spans;
    if (!PyArg_ParseTuple(args, "y*y*", &text, &spans)) return NULL;
    PyObject *answer = NULL;
    size_t count = (size_t)spans.len / sizeof(span_t), room = count;
    const span_t *all = spans.buf;
    for (size_t i = 0; i < count; i++) room += all[i].header_length;
    uint8_t *out = malloc(room + 1);
    if (!out) {
        PyErr_NoMemory();
    } else {
        int64_t n;
        Py_BEGIN_ALLOW_THREADS
        n = names_lines(text.buf, (size_t)text.len, all, count, out);
        Py_END_ALLOW_THREADS
        answer = n < 0 ? no_such_span() : PyBytes_FromStringAndSize((const char *)out, (Py_ssize_t)n);
    }
    free(out);
    PyBuffer_Release(&spans);
    PyBuffer_Release(&text);
    return answer;
}

static void free_facts(PyObject *capsule) {
    name_facts_t *facts = PyCapsule_GetPointer(capsule, FACTS);
    if (facts) free(facts->digests);
    free(facts);
}

PyObject *names_facts(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    name_facts_t *facts = calloc(1, sizeof *facts);
    return facts ? PyCapsule_New(facts, FACTS, free_facts) : PyErr_NoMemory();
}

/* What facts_feed and window_prints share: hashes of all records as bytes. */
typedef struct {
    name_facts_t *facts;
    window_t *window;
} hashing_t;
typedef int (*hasher_t)(hashing_t by, const uint8_t *text, size_t text_n, const span_t *spans, size_t count, name_hash_t *out);

/* None, if the hashes are not wanted. */
static PyObject *hashes_of(Py_buffer *text, Py_buffer *spans, hasher_t hasher, hashing_t by, int wanted) {
    size_t count = (size_t)spans->len / sizeof(span_t);
    PyObject *answer =
        wanted ? PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(name_hash_t))) : Py_NewRef(Py_None);
    if (answer) {
        name_hash_t *out = wanted ? (name_hash_t *)PyBytes_AsString(answer) : NULL;
        int failed;
        Py_BEGIN_ALLOW_THREADS
        failed = (size_t)spans->len % sizeof(span_t) ? -2 : hasher(by, text->buf, (size_t)text->len, spans->buf, count, out);
        Py_END_ALLOW_THREADS
        if (failed) {
            Py_CLEAR(answer);
            if (failed == -1) PyErr_NoMemory(); else no_such_span();
        }
    }
    PyBuffer_Release(spans);
    PyBuffer_Release(text);
    return answer;
}

static int by_facts(hashing_t by, const uint8_t *text, size_t text_n, const span_t *spans, size_t count, name_hash_t *out) {
    return name_facts_feed(by.facts, by.window, text, text_n, spans, count, out);
}

static int by_window(hashing_t by, const uint8_t *text, size_t text_n, const span_t *spans, size_t count, name_hash_t *out) {
    (void)by;
    return window_prints(text, text_n, spans, count, out);
}

/* facts_feed(facts, window or None, text, spans, wanted) -> hashes, two 64-bit numbers a record; None if not wanted */
PyObject *names_facts_feed(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule, *proof;
    Py_buffer text, spans;
    int wanted;
    if (!PyArg_ParseTuple(args, "OOy*y*p", &capsule, &proof, &text, &spans, &wanted)) return NULL;
    hashing_t by = {PyCapsule_GetPointer(capsule, FACTS), NULL};
    if (proof != Py_None) by.window = PyCapsule_GetPointer(proof, WINDOW);
    if (by.facts && (by.window || proof == Py_None)) return hashes_of(&text, &spans, by_facts, by, wanted);
    PyBuffer_Release(&spans);
    PyBuffer_Release(&text);
    return NULL;
}

int names_walk_of(PyObject *words, names_walk_t *walk) {
    PyObject *facts, *window;
    if (!PyArg_ParseTuple(words, "OOp", &facts, &window, &walk->wanted)) return -1;
    if (!(walk->facts = PyCapsule_GetPointer(facts, FACTS))) return -1;
    return window == Py_None || (walk->window = PyCapsule_GetPointer(window, WINDOW)) ? 0 : -1;
}

/* facts_result(facts) -> (digests, reads without number, reads 1, reads 2, lanes, whether there are more lanes) */
PyObject *names_facts_result(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule;
    if (!PyArg_ParseTuple(args, "O", &capsule)) return NULL;
    name_facts_t *facts = PyCapsule_GetPointer(capsule, FACTS);
    PyObject *lanes = facts ? PyList_New(0) : NULL, *digests = NULL;
    for (size_t i = 0; lanes && i < facts->lanes_n; i++) {
        PyObject *lane = PyBytes_FromStringAndSize((const char *)facts->lanes[i], (Py_ssize_t)facts->lane_n[i]);
        if (!lane || PyList_Append(lanes, lane) != 0) Py_CLEAR(lanes);
        Py_XDECREF(lane);
    }
    if (!lanes) return NULL;
    uint8_t rest[16];
    size_t more = name_facts_rest(facts, rest) ? 16 : 0, there = 16 * facts->digests_n;
    digests = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(there + more));
    if (digests && there) memcpy(PyBytes_AsString(digests), facts->digests, there);
    if (digests && more) memcpy(PyBytes_AsString(digests) + there, rest, more);
    if (!digests) {
        Py_DECREF(lanes);
        return NULL;
    }
    return Py_BuildValue("NKKKNi", digests, (unsigned long long)facts->labels[0], (unsigned long long)facts->labels[1],
                         (unsigned long long)facts->labels[2], lanes, facts->more_lanes);
}

static void free_window(PyObject *capsule) { free(PyCapsule_GetPointer(capsule, WINDOW)); }

PyObject *names_window(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    window_t *window = window_new();
    return window ? PyCapsule_New(window, WINDOW, free_window) : PyErr_NoMemory();
}

/* window_holds(window) -> whether the proof still holds */
PyObject *names_window_holds(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule;
    if (!PyArg_ParseTuple(args, "O", &capsule)) return NULL;
    window_t *window = PyCapsule_GetPointer(capsule, WINDOW);
    return window ? PyBool_FromLong(window_holds(window)) : NULL;
}

/* window_result(window) -> (candidates, reads beyond the first of each), None if the proof did not hold */
PyObject *names_window_result(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule;
    if (!PyArg_ParseTuple(args, "O", &capsule)) return NULL;
    window_t *window = PyCapsule_GetPointer(capsule, WINDOW);
    if (!window) return NULL;
    if (window_finish(window) != 0) Py_RETURN_NONE;
    const uint64_t *found;
    size_t n = window_found(window, &found);
    return Py_BuildValue("y#K", (const char *)found, (Py_ssize_t)(n * sizeof *found),
                         (unsigned long long)window_repeats(window));
}

/* window_prints(text, spans) -> hashes as of facts_feed, by which match finds the window's candidates */
PyObject *names_window_prints(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer text, spans;
    if (!PyArg_ParseTuple(args, "y*y*", &text, &spans)) return NULL;
    return hashes_of(&text, &spans, by_window, (hashing_t){NULL, NULL}, 1);
}

static void free_spool(PyObject *capsule) { spool_free(PyCapsule_GetPointer(capsule, SPOOL)); }

/* spool(fd, width, chunk, most) */
PyObject *names_spool(PyObject *self, PyObject *args) {
    (void)self;
    int fd;
    unsigned width;
    Py_ssize_t chunk, most;
    if (!PyArg_ParseTuple(args, "iInn", &fd, &width, &chunk, &most)) return NULL;
    if ((width != SPOOL_NARROW && width != SPOOL_WIDE) || chunk < 64 || chunk > 1 << 26 || most < 1 || most > 1 << 30) {
        PyErr_SetString(PyExc_ValueError, "7 or 8 bytes a name; chunks of 64 bytes to 64 MiB");
        return NULL;
    }
    spool_t *spool = spool_new(fd, width, (size_t)chunk, (size_t)most);
    return spool ? PyCapsule_New(spool, SPOOL, free_spool) : PyErr_NoMemory();
}

static PyObject *failed_with(int number) {
    if (number == ENOMEM) return PyErr_NoMemory();
    errno = number;
    return PyErr_SetFromErrno(PyExc_OSError);
}

/* spool_feed(spool, hashes) */
PyObject *names_spool_feed(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule;
    Py_buffer hashes;
    if (!PyArg_ParseTuple(args, "Oy*", &capsule, &hashes)) return NULL;
    spool_t *spool = PyCapsule_GetPointer(capsule, SPOOL);
    int failed = 0;
    if (spool) {
        Py_BEGIN_ALLOW_THREADS
        failed = spool_add(spool, hashes.buf, (size_t)hashes.len / sizeof(name_hash_t));
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&hashes);
    if (!spool) return NULL;
    if (failed) return failed_with(failed);
    Py_RETURN_NONE;
}

/* spool_result(spool) -> (candidates, names that stand more than once, reads beyond the first of each, bytes on disk) */
PyObject *names_spool_result(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule, *answer = NULL;
    if (!PyArg_ParseTuple(args, "O", &capsule)) return NULL;
    spool_t *spool = PyCapsule_GetPointer(capsule, SPOOL);
    if (!spool) return NULL;
    repeated_t repeated = {0};
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = spool_finish(spool, &repeated);
    Py_END_ALLOW_THREADS
    answer = failed ? failed_with(failed)
                    : Py_BuildValue("y#KKK", repeated.found ? (const char *)repeated.found : "",
                                    (Py_ssize_t)(repeated.found_n * sizeof(uint64_t)), (unsigned long long)repeated.names,
                                    (unsigned long long)repeated.repeats, (unsigned long long)spool_bytes(spool));
    free(repeated.found);
    return answer;
}

/* prints(candidates) -> table */
PyObject *names_table(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer prints;
    if (!PyArg_ParseTuple(args, "y*", &prints)) return NULL;
    size_t count = (size_t)prints.len / sizeof(uint64_t), capacity = prints_capacity(count);
    PyObject *answer = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(capacity * sizeof(uint64_t)));
    if (answer) prints_fill((uint64_t *)PyBytes_AsString(answer), capacity, prints.buf, count);
    PyBuffer_Release(&prints);
    return answer;
}

/* match(table, hashes) -> 32-bit numbers of the records that are in the table */
PyObject *names_match(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer table, hashes;
    if (!PyArg_ParseTuple(args, "y*y*", &table, &hashes)) return NULL;
    PyObject *answer = NULL;
    size_t capacity = (size_t)table.len / sizeof(uint64_t), count = (size_t)hashes.len / sizeof(name_hash_t);
    uint32_t *out = malloc((count + 1) * sizeof *out);
    if (!out) {
        PyErr_NoMemory();
    } else if (!capacity || capacity & (capacity - 1)) {
        PyErr_SetString(PyExc_ValueError, "no such table");
    } else {
        size_t n;
        Py_BEGIN_ALLOW_THREADS
        n = prints_match(table.buf, capacity, hashes.buf, count, out);
        Py_END_ALLOW_THREADS
        answer = PyBytes_FromStringAndSize((const char *)out, (Py_ssize_t)(n * sizeof *out));
    }
    free(out);
    PyBuffer_Release(&hashes);
    PyBuffer_Release(&table);
    return answer;
}

/* bloom(bits, size_bits, hashes a name, names' hashes, add) -> one byte a name: whether it was met before */
PyObject *names_bloom(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer bits, hashes;
    unsigned long long size_bits;
    unsigned times;
    int add;
    if (!PyArg_ParseTuple(args, "w*KIy*p", &bits, &size_bits, &times, &hashes, &add)) return NULL;
    PyObject *answer = NULL;
    size_t count = (size_t)hashes.len / sizeof(name_hash_t);
    if (!size_bits || (size_bits + 7) / 8 > (unsigned long long)bits.len)
        PyErr_SetString(PyExc_ValueError, "the filter has fewer bits");
    else if ((answer = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)count))) {
        uint8_t *met = (uint8_t *)PyBytes_AsString(answer);
        Py_BEGIN_ALLOW_THREADS
        bloom_feed(bits.buf, size_bits, times, hashes.buf, count, add, met);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&hashes);
    PyBuffer_Release(&bits);
    return answer;
}

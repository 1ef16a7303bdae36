/* The door to Python: limited API of 3.11, so that one build serves all versions from there on. The GIL is released. */
#include "module.h"

#include <stdlib.h>
#include <string.h>

#include "bgzf.h"
#include "digests_module.h"
#include "names_module.h"
#include "names_saved_module.h"
#include "xml_module.h"

const engine_t *engine_named(const char *name) {
    for (const engine_t *const *one = fastq_engines(); *one; one++)
        if (!name || strcmp((*one)->name, name) == 0) return *one;
    PyErr_Format(PyExc_ValueError, "no engine %s here", name);
    return NULL;
}

uint64_t *table_of(const Py_buffer *table) {
    if (table->len == (Py_ssize_t)(COUNTS * sizeof(uint64_t)) && (uintptr_t)table->buf % sizeof(uint64_t) == 0)
        return table->buf;
    PyErr_Format(PyExc_ValueError, "a table has %d numbers of 64 bits", (int)COUNTS);
    return NULL;
}

/* count(table, bases, qualities, lengths, engine): reads that were walked, joined; lengths are 32-bit numbers. */
static PyObject *count(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer table, bases, qualities, lengths;
    const char *name;
    if (!PyArg_ParseTuple(args, "w*y*y*y*z", &table, &bases, &qualities, &lengths, &name)) return NULL;
    PyObject *answer = NULL;
    few_t *few = NULL;
    const engine_t *engine = engine_named(name);
    uint64_t *counts = engine ? table_of(&table) : NULL;
    if (!counts) goto done;
    const uint32_t *each = lengths.buf;
    size_t reads = (size_t)lengths.len / sizeof *each, at = 0, total = 0;
    for (size_t i = 0; i < reads; i++) total += each[i];
    if (total != (size_t)bases.len || total != (size_t)qualities.len) {
        PyErr_SetString(PyExc_ValueError, "as many qualities as bases, and as many as the lengths say");
        goto done;
    }
    if (!(few = few_new())) {
        PyErr_NoMemory();
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    for (size_t i = 0; i < reads; at += each[i], i++)
        count_read(engine->counter, few, counts, (const uint8_t *)bases.buf + at, (const uint8_t *)qualities.buf + at,
                   each[i], 0);
    few_flush(few, counts);
    Py_END_ALLOW_THREADS
    answer = Py_NewRef(Py_None);
done:
    free(few);
    PyBuffer_Release(&lengths);
    PyBuffer_Release(&qualities);
    PyBuffer_Release(&bases);
    PyBuffer_Release(&table);
    return answer;
}

static const char FEW[] = "biotheca.counts.few";

few_t *few_of(PyObject *capsule) { return PyCapsule_GetPointer(capsule, FEW); }

static void free_few(PyObject *capsule) { free(PyCapsule_GetPointer(capsule, FEW)); }

/* few() -> what was counted by scan and is not in the table yet */
static PyObject *few(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    few_t *new = few_new();
    return new ? PyCapsule_New(new, FEW, free_few) : PyErr_NoMemory();
}

/* flush(few, table): bring what was counted into the table */
static PyObject *flush(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule;
    Py_buffer table;
    if (!PyArg_ParseTuple(args, "Ow*", &capsule, &table)) return NULL;
    few_t *counted = few_of(capsule);
    uint64_t *counts = counted ? table_of(&table) : NULL;
    if (counts) few_flush(counted, counts);
    PyBuffer_Release(&table);
    return counts ? Py_NewRef(Py_None) : NULL;
}

/* scan(text, start, few or None, table or None, (facts, window or None, wanted) or None, engine)
   -> (end, reads, bases, spans, hashes) */
static PyObject *scan(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer text, table = {0};
    Py_ssize_t start;
    PyObject *capsule, *counted, *names;
    const char *name;
    few_t *few = NULL;
    uint64_t *counts = NULL;
    names_walk_t walk = {0};
    if (!PyArg_ParseTuple(args, "y*nOOOz", &text, &start, &capsule, &counted, &names, &name)) return NULL;
    PyObject *answer = NULL;
    passed_t passed = {0};
    const engine_t *engine = engine_named(name);
    if (!engine) goto done;
    if (names != Py_None && names_walk_of(names, &walk) != 0) goto done;
    if (capsule != Py_None) {
        if (!(few = few_of(capsule))) goto done;
        if (PyObject_GetBuffer(counted, &table, PyBUF_WRITABLE) != 0 || !(counts = table_of(&table))) goto done;
    }
    if (start < 0 || start > text.len || (uint64_t)text.len >= UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "start must lie in the text, and the text be smaller than 4 GiB");
        goto done;
    }
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = fastq_pass(engine, text.buf, (size_t)start, (size_t)text.len, few, counts,
                        walk.facts ? &walk : NULL, &passed);
    Py_END_ALLOW_THREADS
    if (failed) {
        PyErr_NoMemory();
        goto done;
    }
    answer = Py_BuildValue("nKKy#y#", (Py_ssize_t)passed.end, (unsigned long long)passed.reads,
                           (unsigned long long)passed.bases, passed.spans ? (char *)passed.spans : "",
                           passed.spans ? (Py_ssize_t)(passed.reads * sizeof(span_t)) : (Py_ssize_t)0,
                           walk.hashes ? (char *)walk.hashes : "",
                           walk.hashes ? (Py_ssize_t)(passed.reads * sizeof(name_hash_t)) : (Py_ssize_t)0);
done:
    free(walk.hashes);
    free(passed.spans);
    if (table.obj) PyBuffer_Release(&table);
    PyBuffer_Release(&text);
    return answer;
}

/* words(joined, size) -> table */
static PyObject *words(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer joined;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "y*n", &joined, &size)) return NULL;
    PyObject *answer = NULL;
    uint64_t *slots = NULL;
    if (size < 1 || size > 31 || joined.len % size) {
        PyErr_SetString(PyExc_ValueError, "words have 1 to 31 letters, all the same number");
        goto done;
    }
    size_t count = (size_t)(joined.len / size), capacity = words_capacity(count);
    slots = malloc((WORDS_FILTER + capacity) * sizeof *slots);
    if (!slots) {
        PyErr_NoMemory();
    } else if (words_fill(slots, capacity, joined.buf, count, (size_t)size) != 0) {
        PyErr_SetString(PyExc_ValueError, "words are of A, C, G and T");
    } else {
        answer = PyBytes_FromStringAndSize((const char *)slots, (Py_ssize_t)((WORDS_FILTER + capacity) * sizeof *slots));
    }
done:
    free(slots);
    PyBuffer_Release(&joined);
    return answer;
}

/* One byte a span that is looked at: whether it is marked. */
static int mark_all(const Py_buffer *text, const Py_buffer *spans, const Py_buffer *table, size_t first, size_t every,
                    size_t count, size_t longest, size_t size, size_t step, size_t needed, uint8_t *marks) {
    size_t capacity = (size_t)table->len / sizeof(uint64_t) - WORDS_FILTER;
    for (size_t i = 0; i < count; i++) {
        span_t span;
        memcpy(&span, (const char *)spans->buf + (first + i * every) * sizeof span, sizeof span);
        if ((uint64_t)span.sequence + span.sequence_length > (uint64_t)text->len) return -1;
        size_t n = span.sequence_length < longest ? span.sequence_length : longest;
        marks[i] = (uint8_t)words_mark(table->buf, capacity, size, (const uint8_t *)text->buf + span.sequence, n, step, needed);
    }
    return 0;
}

/* mark(text, spans, table, first, every, count, longest, size, step, needed) -> marks */
static PyObject *mark(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer text, spans, table;
    Py_ssize_t first, every, count, longest, size, step, needed;
    if (!PyArg_ParseTuple(args, "y*y*y*nnnnnnn", &text, &spans, &table, &first, &every, &count, &longest, &size, &step,
                          &needed))
        return NULL;
    PyObject *answer = NULL;
    uint8_t *marks = NULL;
    Py_ssize_t there = spans.len / (Py_ssize_t)sizeof(span_t);
    size_t numbers = (size_t)table.len / sizeof(uint64_t), slots = numbers > WORDS_FILTER ? numbers - WORDS_FILTER : 0;
    int fits = first >= 0 && every > 0 && count > 0 && longest >= 0 && size > 0 && size < 32 && step > 0 && needed > 0 &&
               first < there && count - 1 <= (there - 1 - first) / every && slots && !(slots & (slots - 1));
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "no such spans, or no such words");
        goto done;
    }
    marks = malloc((size_t)count);
    if (!marks) {
        PyErr_NoMemory();
        goto done;
    }
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = mark_all(&text, &spans, &table, (size_t)first, (size_t)every, (size_t)count, (size_t)longest, (size_t)size,
                      (size_t)step, (size_t)needed, marks);
    Py_END_ALLOW_THREADS
    if (failed)
        PyErr_SetString(PyExc_ValueError, "a span lies outside the text");
    else
        answer = PyBytes_FromStringAndSize((const char *)marks, count);
done:
    free(marks);
    PyBuffer_Release(&table);
    PyBuffer_Release(&spans);
    PyBuffer_Release(&text);
    return answer;
}

/* first_places(text, spans, words, size, first, every, count) -> places: a 32-bit number for each word, read by read */
static PyObject *first_places(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer text, spans, joined;
    Py_ssize_t size, first, every, count;
    if (!PyArg_ParseTuple(args, "y*y*y*nnnn", &text, &spans, &joined, &size, &first, &every, &count)) return NULL;
    PyObject *answer = NULL;
    uint64_t words[64];
    int32_t *places = NULL;
    Py_ssize_t there = spans.len / (Py_ssize_t)sizeof(span_t), wanted = size > 0 ? joined.len / size : 0;
    if (size < 3 || size > 31 || joined.len % size || wanted < 1 || wanted > 64 || first < 0 || every < 1 || count < 1 ||
        first >= there || count - 1 > (there - 1 - first) / every ||
        words_code(joined.buf, (size_t)wanted, (size_t)size, words) != 0) {
        PyErr_SetString(PyExc_ValueError, "no such spans, or no such words");
        goto done;
    }
    places = malloc((size_t)(count * wanted) * sizeof *places);
    if (!places) {
        PyErr_NoMemory();
        goto done;
    }
    int failed = 0;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < count && !failed; i++) {
        span_t span;
        memcpy(&span, (const char *)spans.buf + (size_t)(first + i * every) * sizeof span, sizeof span);
        failed = (uint64_t)span.sequence + span.sequence_length > (uint64_t)text.len;
        if (!failed)
            words_first(words, (size_t)wanted, (size_t)size, (const uint8_t *)text.buf + span.sequence,
                        span.sequence_length, places + i * wanted);
    }
    Py_END_ALLOW_THREADS
    if (failed)
        PyErr_SetString(PyExc_ValueError, "a span lies outside the text");
    else
        answer = PyBytes_FromStringAndSize((const char *)places, count * wanted * (Py_ssize_t)sizeof *places);
done:
    free(places);
    PyBuffer_Release(&joined);
    PyBuffer_Release(&spans);
    PyBuffer_Release(&text);
    return answer;
}

static PyObject *engines(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    PyObject *names = PyList_New(0);
    for (const engine_t *const *one = fastq_engines(); names && *one; one++) {
        PyObject *name = PyUnicode_FromString((*one)->name);
        if (!name || PyList_Append(names, name) != 0) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyMethodDef METHODS[] = {
    {"scan", scan, METH_VARARGS, "Pass over sound records."},
    {"few", few, METH_NOARGS, "What scan counted and is not in a table yet."},
    {"flush", flush, METH_VARARGS, "Bring what was counted into the table."},
    {"count", count, METH_VARARGS, "Count one read."},
    {"words", words, METH_VARARGS, "A table of words."},
    {"mark", mark, METH_VARARGS, "Which sequences hold words."},
    NAMES_METHODS
    NAMES_SAVED_METHODS
    DIGESTS_METHODS
    {"bam", bam_door, METH_VARARGS, "Pass over sound alignment records."},
    {"bgzf_blocks", bgzf_door_blocks, METH_VARARGS, "Whole blocks of BGZF."},
    {"bgzf_unpack", bgzf_door_unpack, METH_VARARGS, "Decode whole blocks of BGZF."},
    {"first_places", first_places, METH_VARARGS, "Where words first stand in sequences."},
    {"xml_program", xml_program, METH_VARARGS, "What of a tree of XML goes into which table."},
    {"xml_tables", xml_tables, METH_VARARGS, "Records of XML into flat tables."},
    {"engines", engines, METH_NOARGS, "What this processor runs, best first."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_kernel", NULL, 0, METHODS, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel(void) {
    crc32_prepare();
    return PyModule_Create(&MODULE);
}

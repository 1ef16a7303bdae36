/* The door of bam.c to Python; see module.c. */
#include "bam.h"
#include "module.h"

#include <stdlib.h>

static int ends_with_nul(const Py_buffer *text) {
    return text->len == 0 || ((const char *)text->buf)[text->len - 1] == 0;
}

/* The answer as Python sees it: numbers, names and bases of the reads, their spans. Takes over `text`, which may be longer
   than what was written. */
static PyObject *answer_of(const bam_passed_t *passed, PyObject *text) {
    return Py_BuildValue("nniKKKKKKNy#", (Py_ssize_t)passed->end, (Py_ssize_t)passed->last, passed->order,
                         (unsigned long long)passed->records, (unsigned long long)passed->reads,
                         (unsigned long long)passed->bases, (unsigned long long)passed->failed,
                         (unsigned long long)passed->unmapped, (unsigned long long)passed->without_qualities, text,
                         passed->spans ? (const char *)passed->spans : "",
                         passed->spans ? (Py_ssize_t)(passed->reads * sizeof(span_t)) : (Py_ssize_t)0);
}

/* bam(text, start, lengths, groups, previous_reference, previous_position, previous_name, order, few, table, engine) */
PyObject *bam_door(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer text, lengths, groups, name, table;
    Py_ssize_t start;
    int reference, position, order;
    const char *engine_name;
    PyObject *capsule;
    if (!PyArg_ParseTuple(args, "y*ny*y*iiy*iOw*z", &text, &start, &lengths, &groups, &reference, &position, &name, &order,
                          &capsule, &table, &engine_name))
        return NULL;
    PyObject *answer = NULL, *reads = NULL;
    bam_passed_t passed = {0};
    const engine_t *engine = engine_named(engine_name);
    uint64_t *counts = engine ? table_of(&table) : NULL;
    few_t *few = counts ? few_of(capsule) : NULL;
    if (!few) goto done;
    if (start < 0 || start > text.len || (uint64_t)text.len >= INT32_MAX || lengths.len % 4 || !ends_with_nul(&groups) ||
        !ends_with_nul(&name)) {
        PyErr_SetString(PyExc_ValueError, "no such place, or no such header");
        goto done;
    }
    if (!(reads = PyBytes_FromStringAndSize(NULL, text.len - start))) goto done;
    passed.text = (uint8_t *)PyBytes_AsString(reads);
    bam_header_t header = {lengths.buf, (size_t)lengths.len / 4, groups.buf, (size_t)groups.len};
    bam_previous_t previous = {name.len ? bam_place(reference, position) : 0, name.len ? name.buf : NULL};
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = bam_pass(engine, text.buf, (size_t)start, (size_t)text.len, &header, previous, order, few, counts,
                      &passed);
    Py_END_ALLOW_THREADS
    if (failed) {
        Py_DECREF(reads);
        PyErr_NoMemory();
    } else {
        answer = answer_of(&passed, reads);
    }
done:
    free(passed.spans);
    free(passed.scratch);
    PyBuffer_Release(&table);
    PyBuffer_Release(&name);
    PyBuffer_Release(&groups);
    PyBuffer_Release(&lengths);
    PyBuffer_Release(&text);
    return answer;
}

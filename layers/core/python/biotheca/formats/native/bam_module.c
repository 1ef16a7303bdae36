/* The door of bam.c to Python; see module.c. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <stdlib.h>

#include "bam.h"

PyObject *bam_door(PyObject *self, PyObject *args);

static int ends_with_nul(const Py_buffer *text) {
    return text->len == 0 || ((const char *)text->buf)[text->len - 1] == 0;
}

/* The answer as Python sees it: numbers, the reads as FASTQ, their spans. */
static PyObject *answer_of(const bam_passed_t *passed) {
    return Py_BuildValue("nniKKKKKKy#y#", (Py_ssize_t)passed->end, (Py_ssize_t)passed->last, passed->order,
                         (unsigned long long)passed->records, (unsigned long long)passed->reads,
                         (unsigned long long)passed->bases, (unsigned long long)passed->failed,
                         (unsigned long long)passed->unmapped, (unsigned long long)passed->without_qualities,
                         passed->text ? (const char *)passed->text : "", (Py_ssize_t)passed->text_n,
                         passed->spans ? (const char *)passed->spans : "",
                         passed->spans ? (Py_ssize_t)(passed->reads * sizeof(span_t)) : (Py_ssize_t)0);
}

/* bam(text, start, lengths, groups, previous_reference, previous_position, previous_name, order, want_reads) */
PyObject *bam_door(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer text, lengths, groups, name;
    Py_ssize_t start;
    int reference, position, order, want_reads;
    if (!PyArg_ParseTuple(args, "y*ny*y*iiy*ip", &text, &start, &lengths, &groups, &reference, &position, &name, &order,
                          &want_reads))
        return NULL;
    PyObject *answer = NULL;
    bam_passed_t passed = {0};
    if (start < 0 || start > text.len || (uint64_t)text.len >= INT32_MAX || lengths.len % 4 || !ends_with_nul(&groups) ||
        !ends_with_nul(&name)) {
        PyErr_SetString(PyExc_ValueError, "no such place, or no such header");
        goto done;
    }
    bam_header_t header = {lengths.buf, (size_t)lengths.len / 4, groups.buf, (size_t)groups.len};
    bam_previous_t previous = {name.len ? bam_place(reference, position) : 0, name.len ? name.buf : NULL};
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = bam_pass(text.buf, (size_t)start, (size_t)text.len, &header, previous, order, want_reads, &passed);
    Py_END_ALLOW_THREADS
    answer = failed ? PyErr_NoMemory() : answer_of(&passed);
done:
    free(passed.text);
    free(passed.spans);
    PyBuffer_Release(&name);
    PyBuffer_Release(&groups);
    PyBuffer_Release(&lengths);
    PyBuffer_Release(&text);
    return answer;
}

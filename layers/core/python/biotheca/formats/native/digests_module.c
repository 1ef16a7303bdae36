/* The door of the digests to Python. The GIL is released. */
#include <stdlib.h>

#include "digests.h"
#include "digests_module.h"

static const char DIGESTS[] = "biotheca.digests";

static void free_digests(PyObject *capsule) { free(PyCapsule_GetPointer(capsule, DIGESTS)); }

/* digests_are_fast() -> whether the processor has instructions for them */
PyObject *digests_fast_door(PyObject *self, PyObject *args) {
    (void)self;
    (void)args;
    return PyBool_FromLong(digests_are_fast());
}

/* digests(saved or None, fast) -> state; by the processor's instructions, if it has them and `fast` is true */
PyObject *digests_new_door(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer saved = {0};
    int fast;
    if (!PyArg_ParseTuple(args, "z*p", &saved, &fast)) return NULL;
    PyObject *answer = NULL;
    digests_t *digests = malloc(sizeof *digests);
    if (!digests) {
        PyErr_NoMemory();
    } else if (!saved.buf) {
        digests_begin(digests, fast);
        answer = PyCapsule_New(digests, DIGESTS, free_digests);
    } else if (digests_load(digests, fast, saved.buf, (size_t)saved.len) != 0) {
        PyErr_SetString(PyExc_ValueError, "this is no saved state of digests");
    } else {
        answer = PyCapsule_New(digests, DIGESTS, free_digests);
    }
    if (!answer) free(digests);
    PyBuffer_Release(&saved);
    return answer;
}

/* digests_update(state, data) */
PyObject *digests_update_door(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule;
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "Oy*", &capsule, &data)) return NULL;
    digests_t *digests = PyCapsule_GetPointer(capsule, DIGESTS);
    if (digests) {
        Py_BEGIN_ALLOW_THREADS
        digests_update(digests, data.buf, (size_t)data.len);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&data);
    return digests ? Py_NewRef(Py_None) : NULL;
}

/* digests_end(state) -> (MD5, SHA-256) of the bytes so far */
PyObject *digests_end_door(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule;
    if (!PyArg_ParseTuple(args, "O", &capsule)) return NULL;
    digests_t *digests = PyCapsule_GetPointer(capsule, DIGESTS);
    uint8_t md5[16], sha256[32];
    if (!digests) return NULL;
    digests_end(digests, md5, sha256);
    return Py_BuildValue("y#y#", (char *)md5, (Py_ssize_t)sizeof md5, (char *)sha256, (Py_ssize_t)sizeof sha256);
}

/* digests_save(state) -> bytes */
PyObject *digests_save_door(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule;
    if (!PyArg_ParseTuple(args, "O", &capsule)) return NULL;
    digests_t *digests = PyCapsule_GetPointer(capsule, DIGESTS);
    uint8_t saved[DIGESTS_SAVED];
    if (!digests) return NULL;
    digests_save(digests, saved);
    return PyBytes_FromStringAndSize((const char *)saved, (Py_ssize_t)sizeof saved);
}

/* The door of bgzf.c to Python; see module.c. */
#include "bgzf.h"
#include "module.h"

/* bgzf_blocks(stored, most) -> (end, blocks, decoded bytes, those of the last) */
PyObject *bgzf_door_blocks(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer stored;
    Py_ssize_t most;
    if (!PyArg_ParseTuple(args, "y*n", &stored, &most)) return NULL;
    bgzf_blocks_t all = bgzf_blocks(stored.buf, (size_t)stored.len, most < 0 ? 0 : (uint64_t)most);
    PyBuffer_Release(&stored);
    return Py_BuildValue("nKKI", (Py_ssize_t)all.end, (unsigned long long)all.blocks, (unsigned long long)all.decoded,
                         (unsigned)all.last);
}

/* bgzf_unpack(stored, decoded bytes) -> bytes, or None if anything is in doubt */
PyObject *bgzf_door_unpack(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer stored;
    Py_ssize_t decoded;
    if (!PyArg_ParseTuple(args, "y*n", &stored, &decoded)) return NULL;
    PyObject *answer = decoded < 0 ? NULL : PyBytes_FromStringAndSize(NULL, decoded);
    int wrong = 1;
    if (answer) {
        uint8_t *out = (uint8_t *)PyBytes_AsString(answer);
        Py_BEGIN_ALLOW_THREADS
        wrong = bgzf_unpack(stored.buf, (size_t)stored.len, out, (size_t)decoded);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&stored);
    if (decoded < 0) PyErr_SetString(PyExc_ValueError, "a size is not negative");
    if (!answer || !wrong) return answer;
    Py_DECREF(answer);
    return wrong < 0 ? PyErr_NoMemory() : Py_NewRef(Py_None);
}

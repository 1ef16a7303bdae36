/* What is known of names so far, as bytes. Both structures are plain memory but for one pointer; whoever keeps them sees
   to it that they come back whole (a check sum) and to the same code (its version): see qc/saving.py. */
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "names_saved_module.h"

static const char FACTS[] = "biotheca.names.facts", WINDOW[] = "biotheca.names.window";

static void *held_in(PyObject *args, const char *kind, Py_buffer *saved) {
    PyObject *capsule;
    if (saved ? !PyArg_ParseTuple(args, "Oy*", &capsule, saved) : !PyArg_ParseTuple(args, "O", &capsule)) return NULL;
    void *held = PyCapsule_GetPointer(capsule, kind);
    if (!held && saved) PyBuffer_Release(saved);
    return held;
}

static PyObject *answered(Py_buffer *saved, int loaded) {
    PyBuffer_Release(saved);
    if (loaded) Py_RETURN_NONE;
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "this is no saved state of names");
    return NULL;
}

/* facts_saved(facts) -> bytes: the structure, then its digests */
PyObject *names_facts_saved(PyObject *self, PyObject *args) {
    (void)self;
    const name_facts_t *facts = held_in(args, FACTS, NULL);
    if (!facts) return NULL;
    size_t digests = 16 * facts->digests_n;
    PyObject *answer = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(sizeof *facts + digests));
    if (!answer) return NULL;
    char *out = PyBytes_AsString(answer);
    name_facts_t copy = *facts;
    copy.digests = NULL;
    copy.digests_capacity = 0;
    memcpy(out, &copy, sizeof copy);
    if (digests) memcpy(out + sizeof copy, facts->digests, digests);
    return answer;
}

static int load_facts(name_facts_t *facts, const char *saved, size_t n) {
    name_facts_t new;
    if (n < sizeof new) return 0;
    memcpy(&new, saved, sizeof new);
    size_t digests = n - sizeof new;
    int fits = digests % 16 == 0 && new.digests_n == digests / 16 && new.in_block < NAMES_PER_DIGEST &&
               new.lanes_n <= MAX_LANES && (new.lanes_n ? new.lane_last < new.lanes_n : !new.lane_last);
    for (size_t i = 0; i < MAX_LANES; i++) fits = fits && new.lane_n[i] <= MAX_LANE_BYTES;
    if (!fits) return 0;
    new.digests = digests ? malloc(digests) : NULL;
    if (digests && !new.digests) {
        PyErr_NoMemory();
        return 0;
    }
    if (digests) memcpy(new.digests, saved + sizeof new, digests);
    new.digests_capacity = new.digests_n;
    free(facts->digests);
    *facts = new;
    return 1;
}

/* facts_load(facts, saved) */
PyObject *names_facts_load(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer saved;
    name_facts_t *facts = held_in(args, FACTS, &saved);
    return facts ? answered(&saved, load_facts(facts, saved.buf, (size_t)saved.len)) : NULL;
}

/* window_saved(window) -> bytes */
PyObject *names_window_saved(PyObject *self, PyObject *args) {
    (void)self;
    window_t *window = held_in(args, WINDOW, NULL);
    if (!window) return NULL;
    size_t n = window_tidied(window);
    return PyBytes_FromStringAndSize((const char *)window, (Py_ssize_t)n);
}

/* window_load(window, saved) */
PyObject *names_window_load(PyObject *self, PyObject *args) {
    (void)self;
    Py_buffer saved;
    window_t *window = held_in(args, WINDOW, &saved);
    return window ? answered(&saved, window_load(window, saved.buf, (size_t)saved.len)) : NULL;
}

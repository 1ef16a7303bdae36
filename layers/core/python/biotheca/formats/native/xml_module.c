/* xml_program and xml_tables: a program from Python's description of it, and what it makes of a chunk. */
#include "xml_module.h"

#include <stdlib.h>
#include <string.h>

#include "xml_tables.h"

static const char PROGRAM[] = "biotheca.xml.program";

typedef struct {
    xml_program_t program;
    char *names; /* all names, one after the other */
} holder_t;

static void free_holder(holder_t *holder) {
    if (!holder) return;
    free(holder->program.nodes);
    free(holder->program.attributes);
    free(holder->program.column_tables);
    free(holder->program.table_parents);
    free(holder->names);
    free(holder);
}

static void free_capsule(PyObject *capsule) { free_holder(PyCapsule_GetPointer(capsule, PROGRAM)); }

static int32_t *numbers_of(PyObject *list, int32_t *count, int32_t most) {
    Py_ssize_t size = PyList_Size(list);
    int32_t *made = size < 0 ? NULL : malloc((size_t)(size ? size : 1) * sizeof *made);
    if (!made) return size < 0 ? NULL : (int32_t *)PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < size; i++) {
        long value = PyLong_AsLong(PyList_GetItem(list, i));
        if (value < -1 || value >= most || PyErr_Occurred()) {
            free(made);
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a number of a program is out of range");
            return NULL;
        }
        made[i] = (int32_t)value;
    }
    *count = (int32_t)size;
    return made;
}

static int place(xml_program_t *program, int32_t parent, int32_t child) {
    xml_node_t *node = &program->nodes[parent];
    const xml_node_t *inner = &program->nodes[child];
    uint32_t slot = xml_hash(inner->name, (size_t)inner->length);
    for (int tries = 0; tries < XML_SLOTS - 1; tries++, slot = (slot + 1) & (XML_SLOTS - 1))
        if (node->child[slot] < 0) return node->child[slot] = (int16_t)child, 1;
    PyErr_SetString(PyExc_ValueError, "a node has too many children");
    return 0;
}

/* xml_program(nodes, attributes, column_tables, table_parents): nodes are (name, parent, table, text, named), the root
   first; attributes are (node, name, column); -1 is none. */
PyObject *xml_program(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *nodes, *attributes, *columns, *tables;
    if (!PyArg_ParseTuple(args, "OOOO", &nodes, &attributes, &columns, &tables)) return NULL;
    Py_ssize_t n_nodes = PyList_Size(nodes), n_attributes = PyList_Size(attributes);
    if (n_nodes < 1 || n_attributes < 0 || n_nodes > 30000) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a program has 1 to 30000 nodes");
        return NULL;
    }
    holder_t *holder = calloc(1, sizeof *holder);
    if (!holder) return PyErr_NoMemory();
    xml_program_t *program = &holder->program;
    program->table_parents = numbers_of(tables, &program->n_tables, 1 << 20);
    if (program->table_parents) program->column_tables = numbers_of(columns, &program->n_columns, program->n_tables);
    if (!program->column_tables) goto fail;
    program->nodes = calloc((size_t)n_nodes, sizeof *program->nodes);
    program->attributes = calloc((size_t)n_attributes + 1, sizeof *program->attributes);
    size_t room = 1;
    for (Py_ssize_t i = 0; i < n_nodes + n_attributes; i++) {
        PyObject *row = i < n_nodes ? PyList_GetItem(nodes, i) : PyList_GetItem(attributes, i - n_nodes);
        PyObject *name = row ? PyTuple_GetItem(row, i < n_nodes ? 0 : 1) : NULL;
        Py_ssize_t size = name ? PyBytes_Size(name) : -1;
        if (size < 0) goto fail;
        room += (size_t)size;
    }
    holder->names = malloc(room);
    if (!program->nodes || !program->attributes || !holder->names) {
        PyErr_NoMemory();
        goto fail;
    }
    char *at = holder->names;
    program->n_nodes = (int32_t)n_nodes;
    program->n_attributes = (int32_t)n_attributes;
    for (Py_ssize_t i = 0; i < n_nodes; i++) {
        const char *name;
        Py_ssize_t length;
        int parent, table, text, named;
        if (!PyArg_ParseTuple(PyList_GetItem(nodes, i), "y#iiii", &name, &length, &parent, &table, &text, &named))
            goto fail;
        if (parent >= i || table >= program->n_tables || text >= program->n_columns || named >= program->n_columns) {
            PyErr_SetString(PyExc_ValueError, "a node of a program is out of range");
            goto fail;
        }
        memcpy(at, name, (size_t)length);
        xml_node_t *node = &program->nodes[i];
        *node = (xml_node_t){at, (int32_t)length, table, text, named, -1, {0}};
        memset(node->child, 0xFF, sizeof node->child);
        at += length;
        if (i && (parent < 0 || !length || !place(program, parent, (int32_t)i))) goto fail;
    }
    for (Py_ssize_t i = 0; i < n_attributes; i++) {
        const char *name;
        Py_ssize_t length;
        int node, column;
        if (!PyArg_ParseTuple(PyList_GetItem(attributes, i), "iy#i", &node, &name, &length, &column)) goto fail;
        if (node < 0 || node >= n_nodes || column < 0 || column >= program->n_columns) {
            PyErr_SetString(PyExc_ValueError, "an attribute of a program is out of range");
            goto fail;
        }
        memcpy(at, name, (size_t)length);
        program->attributes[i] = (xml_attribute_t){at, (int32_t)length, column, program->nodes[node].attributes};
        program->nodes[node].attributes = (int32_t)i;
        at += length;
    }
    PyObject *capsule = PyCapsule_New(holder, PROGRAM, free_capsule);
    if (capsule) return capsule;
fail:
    free_holder(holder);
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a program that is none");
    return NULL;
}

static PyObject *column_of(const xml_column_t *column) {
    size_t bits = (column->rows + 7) / 8;
    PyObject *valid = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)bits);
    if (!valid) return NULL;
    uint8_t *out = (uint8_t *)PyBytes_AsString(valid);
    memset(out, 0, bits);
    for (size_t i = 0; i < column->rows; i++) out[i / 8] |= (uint8_t)(column->valid[i] << (i % 8));
    static const int32_t NOTHING = 0;
    const char *offsets = (const char *)(column->offsets ? column->offsets : &NOTHING);
    return Py_BuildValue("(y#y#Nn)", offsets, (Py_ssize_t)((column->rows + 1) * sizeof(int32_t)),
                         column->data ? (const char *)column->data : "", (Py_ssize_t)column->size, valid,
                         (Py_ssize_t)column->nulls);
}

static PyObject *answer_of(const xml_reader_t *reader) {
    const xml_program_t *program = reader->program;
    PyObject *tables = PyList_New(program->n_tables), *columns = PyList_New(program->n_columns);
    if (!tables || !columns) goto fail;
    for (int32_t i = 0; i < program->n_tables; i++) {
        const xml_table_t *table = &reader->tables[i];
        PyObject *places = PyBytes_FromStringAndSize((const char *)table->places, (Py_ssize_t)(table->rows * sizeof(int32_t)));
        if (!places || PyList_SetItem(tables, i, places)) goto fail;
    }
    for (int32_t i = 0; i < program->n_columns; i++) {
        PyObject *column = column_of(&reader->columns[i]);
        if (!column || PyList_SetItem(columns, i, column)) goto fail;
    }
    return Py_BuildValue("(NN)", tables, columns);
fail:
    Py_XDECREF(tables);
    Py_XDECREF(columns);
    return NULL;
}

static const char *const WHY[] = {
    "",
    "a tag is broken",
    "tags do not match",
    "an attribute is broken or stands twice",
    "a reference is none of XML's own",
    "a character is none of XML's, or no UTF-8",
    "a comment, CDATA or instruction",
    "elements stand too deep",
    "something stands between records",
    "no memory",
};

/* xml_tables(program, chunk): (places of each table's rows, columns as (offsets, data, validity, nulls)), or
   (why not, at which byte) where the chunk is to be read with care. */
PyObject *xml_tables(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *capsule;
    Py_buffer chunk;
    if (!PyArg_ParseTuple(args, "Oy*", &capsule, &chunk)) return NULL;
    PyObject *answer = NULL;
    holder_t *holder = PyCapsule_GetPointer(capsule, PROGRAM);
    xml_reader_t *reader = NULL;
    if (!holder) goto done;
    const xml_program_t *program = &holder->program;
    reader = calloc(1, sizeof *reader);
    if (reader) {
        reader->program = program;
        reader->columns = calloc((size_t)program->n_columns + 1, sizeof *reader->columns);
        reader->tables = calloc((size_t)program->n_tables + 1, sizeof *reader->tables);
    }
    if (!reader || !reader->columns || !reader->tables) {
        PyErr_NoMemory();
        goto done;
    }
    for (int32_t i = 0; i < program->n_columns; i++) reader->columns[i].table = program->column_tables[i];
    for (int32_t i = 0; i < program->n_tables; i++) reader->tables[i].parent = program->table_parents[i];
    int fault;
    Py_BEGIN_ALLOW_THREADS
    fault = xml_is_plain(chunk.buf, (size_t)chunk.len) ? xml_read(reader, chunk.buf, (size_t)chunk.len) : XML_CHARACTER;
    Py_END_ALLOW_THREADS
    if (fault == XML_NO_MEMORY)
        PyErr_NoMemory();
    else
        answer = fault ? Py_BuildValue("(sn)", WHY[fault], (Py_ssize_t)reader->at) : answer_of(reader);
done:
    if (reader) {
        for (int32_t i = 0; reader->columns && i < reader->program->n_columns; i++) {
            free(reader->columns[i].data);
            free(reader->columns[i].offsets);
            free(reader->columns[i].valid);
        }
        for (int32_t i = 0; reader->tables && i < reader->program->n_tables; i++) free(reader->tables[i].places);
        for (int i = 0; i < XML_DEPTH; i++) free(reader->texts[i].data);
        free(reader->columns);
        free(reader->tables);
        free(reader);
    }
    PyBuffer_Release(&chunk);
    return answer;
}

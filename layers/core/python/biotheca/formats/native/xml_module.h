/* The door of xml_tables to Python. */
#ifndef BIOTHECA_XML_MODULE_H
#define BIOTHECA_XML_MODULE_H

#include "module.h"

PyObject *xml_program(PyObject *self, PyObject *args);
PyObject *xml_tables(PyObject *self, PyObject *args);

#endif

/* Records of XML into flat tables of text columns, in one pass: what of a tree goes where is a program made before.

   Well-formedness is checked everywhere, also in what is not kept: tags match, attributes are quoted, differ and hold
   no '<', references are XML's own, characters are XML's and UTF-8. Comments, CDATA, instructions and declarations are
   not read here (XML_SPECIAL): their chunk goes to the careful reader. */
#ifndef BIOTHECA_XML_TABLES_H
#define BIOTHECA_XML_TABLES_H

#include <stddef.h>
#include <stdint.h>

#define XML_SLOTS 64 /* of a node's hash table of children; a power of two */
#define XML_DEPTH 256

enum { XML_OK, XML_SYNTAX, XML_MISMATCH, XML_ATTRIBUTE, XML_REFERENCE, XML_CHARACTER, XML_SPECIAL, XML_TOO_DEEP,
       XML_NOT_A_RECORD, XML_NO_MEMORY };

typedef struct {
    const char *name;
    int32_t length, column, next;
} xml_attribute_t;

typedef struct {
    const char *name;
    int32_t length, table, text, named, attributes; /* -1 for none */
    int16_t child[XML_SLOTS];
} xml_node_t;

typedef struct {
    int32_t table;
    uint8_t *data;
    size_t size, room;
    int32_t *offsets; /* rows + 1 */
    uint8_t *valid;   /* a byte a row */
    size_t rows, rows_room, nulls;
} xml_column_t;

typedef struct {
    int32_t parent;
    int32_t *places; /* of each row: the row of the parent table that it stands in */
    size_t rows, room;
} xml_table_t;

typedef struct {
    xml_node_t *nodes;
    xml_attribute_t *attributes;
    int32_t *column_tables, *table_parents;
    int32_t n_nodes, n_attributes, n_columns, n_tables;
} xml_program_t;

typedef struct {
    uint8_t *data;
    size_t size, room;
} xml_text_t;

typedef struct {
    const xml_program_t *program;
    xml_column_t *columns;
    xml_table_t *tables;
    xml_text_t texts[XML_DEPTH]; /* of the open elements whose text is kept */
    size_t at;                   /* where reading stopped */
} xml_reader_t;

int xml_read(xml_reader_t *reader, const uint8_t *text, size_t size);
int xml_finish(xml_reader_t *reader);
int xml_is_plain(const uint8_t *text, size_t size);
uint32_t xml_hash(const char *name, size_t length);

#endif

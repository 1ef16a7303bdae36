/* The reader of xml_tables.h. */
#include "xml_tables.h"

#include <stdlib.h>
#include <string.h>

/* Of a byte in an attribute's value: 1 ends or spoils it, 2 is a blank that becomes a space. */
static const uint8_t IN_VALUE[256] = {['"'] = 1, ['\''] = 1, ['<'] = 1, ['&'] = 1, ['\t'] = 2, ['\n'] = 2, ['\r'] = 2};
/* Bytes that a name may not hold. */
static const uint8_t ENDS_NAME[256] = {[' '] = 1, ['\t'] = 1, ['\n'] = 1, ['\r'] = 1, ['>'] = 1, ['/'] = 1, ['='] = 1,
                                       ['<'] = 1, ['"'] = 1, ['\''] = 1, ['&'] = 1, [0] = 1};

static int blank(uint8_t c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

uint32_t xml_hash(const char *name, size_t length) {
    const uint8_t *n = (const uint8_t *)name;
    return (uint32_t)(length * 31 + n[0] * 7 + n[length - 1] * 3 + n[length / 2]) & (XML_SLOTS - 1);
}

static int32_t child_of(const xml_program_t *program, const xml_node_t *node, const uint8_t *name, size_t length) {
    for (uint32_t slot = xml_hash((const char *)name, length);; slot = (slot + 1) & (XML_SLOTS - 1)) {
        int32_t found = node->child[slot];
        if (found < 0) return -1;
        const xml_node_t *child = &program->nodes[found];
        if ((size_t)child->length == length && memcmp(child->name, name, length) == 0) return found;
    }
}

/* --- columns --- */

static int more_rows(xml_column_t *column, size_t rows) {
    if (rows + 1 <= column->rows_room) return 1;
    size_t room = column->rows_room ? column->rows_room * 2 : 256;
    while (room < rows + 1) room *= 2;
    int32_t *offsets = realloc(column->offsets, room * sizeof *offsets);
    if (offsets) column->offsets = offsets;
    uint8_t *valid = realloc(column->valid, room);
    if (valid) column->valid = valid;
    if (!offsets || !valid) return 0;
    if (!column->rows_room) column->offsets[0] = 0;
    column->rows_room = room;
    return 1;
}

static int pad(xml_column_t *column, size_t rows) {
    if (!more_rows(column, rows)) return 0;
    while (column->rows < rows) {
        column->valid[column->rows++] = 0;
        column->nulls++;
        column->offsets[column->rows] = (int32_t)column->size;
    }
    return 1;
}

static int room_for(uint8_t **data, size_t size, size_t *room, size_t more) {
    if (size + more <= *room) return 1;
    size_t wanted = *room ? *room * 2 : 1024;
    while (wanted < size + more) wanted *= 2;
    uint8_t *grown = realloc(*data, wanted);
    if (!grown) return 0;
    *data = grown;
    *room = wanted;
    return 1;
}

/* The first value of a row counts; nothing is what has no sign but blanks. */
static int put(xml_reader_t *reader, int32_t number, const uint8_t *value, size_t size) {
    xml_column_t *column = &reader->columns[number];
    size_t rows = reader->tables[column->table].rows;
    if (!rows || column->rows >= rows) return 1;
    while (size && (blank(value[0]) || value[0] == '\f' || value[0] == '\v')) value++, size--;
    while (size && (blank(value[size - 1]) || value[size - 1] == '\f' || value[size - 1] == '\v')) size--;
    if (!size) return 1;
    if (!pad(column, rows - 1) || !more_rows(column, rows)) return 0;
    if (!room_for(&column->data, column->size, &column->room, size)) return 0;
    memcpy(column->data + column->size, value, size);
    column->size += size;
    column->valid[column->rows++] = 1;
    column->offsets[column->rows] = (int32_t)column->size;
    return 1;
}

static int begin_row(xml_reader_t *reader, int32_t number) {
    xml_table_t *table = &reader->tables[number];
    if (table->rows == table->room) {
        size_t room = table->room ? table->room * 2 : 256;
        int32_t *places = realloc(table->places, room * sizeof *places);
        if (!places) return 0;
        table->places = places;
        table->room = room;
    }
    table->places[table->rows++] = table->parent < 0 ? 0 : (int32_t)reader->tables[table->parent].rows - 1;
    return 1;
}

int xml_finish(xml_reader_t *reader) {
    for (int32_t i = 0; i < reader->program->n_columns; i++)
        if (!pad(&reader->columns[i], reader->tables[reader->columns[i].table].rows)) return XML_NO_MEMORY;
    return XML_OK;
}

/* --- references --- */

static size_t utf8(uint32_t c, uint8_t *out) {
    if (c < 0x80) return out[0] = (uint8_t)c, 1;
    if (c < 0x800) return out[0] = (uint8_t)(0xC0 | c >> 6), out[1] = (uint8_t)(0x80 | (c & 63)), 2;
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12), out[1] = (uint8_t)(0x80 | (c >> 6 & 63)), out[2] = (uint8_t)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18), out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 63)), out[3] = (uint8_t)(0x80 | (c & 63));
    return 4;
}

static int is_character(uint32_t c) {
    return c == 9 || c == 10 || c == 13 || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
           (c >= 0x10000 && c <= 0x10FFFF);
}

/* What stands at an '&': its bytes in `out`, how many in `made`; the length of the reference, or 0. */
static size_t reference(const uint8_t *p, const uint8_t *end, uint8_t *out, size_t *made) {
    const uint8_t *semicolon = memchr(p, ';', (size_t)(end - p) < 16 ? (size_t)(end - p) : 16);
    if (!semicolon) return 0;
    size_t length = (size_t)(semicolon - p) + 1;
    if (p[1] == '#') {
        uint32_t value = 0;
        const uint8_t *q = p + 2;
        int hex = q < semicolon && *q == 'x';
        if (hex) q++;
        if (q == semicolon) return 0;
        for (; q < semicolon; q++) {
            uint32_t digit = *q >= '0' && *q <= '9'               ? (uint32_t)*q - '0'
                             : hex && *q >= 'a' && *q <= 'f' ? (uint32_t)*q - 'a' + 10
                             : hex && *q >= 'A' && *q <= 'F' ? (uint32_t)*q - 'A' + 10
                                                              : 99;
            if (digit == 99 || value > 0x10FFFF) return 0;
            value = value * (hex ? 16 : 10) + digit;
        }
        if (!is_character(value)) return 0;
        *made = utf8(value, out);
        return length;
    }
    static const struct {
        const char *name;
        uint8_t length, sign;
    } OWN[] = {{"&lt;", 4, '<'}, {"&gt;", 4, '>'}, {"&amp;", 5, '&'}, {"&quot;", 6, '"'}, {"&apos;", 6, '\''}};
    for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++)
        if (length == OWN[i].length && memcmp(p, OWN[i].name, length) == 0) return out[0] = OWN[i].sign, *made = 1, length;
    return 0;
}

static int add(xml_text_t *text, const uint8_t *piece, size_t size) {
    if (!room_for(&text->data, text->size, &text->room, size)) return 0;
    memcpy(text->data + text->size, piece, size);
    text->size += size;
    return 1;
}

/* Text between tags: references are checked everywhere, and put into `kept` where the text is kept. CRLF is a line's
   end; a lone CR, too. */
static int take_text(const uint8_t *p, const uint8_t *end, xml_text_t *kept) {
    for (const uint8_t *q = p; (q = memchr(q, ']', (size_t)(end - q))); q++)
        if (end - q > 2 && q[1] == ']' && q[2] == '>') return XML_SPECIAL;
    while (p < end) {
        const uint8_t *amp = memchr(p, '&', (size_t)(end - p)), *stop = amp ? amp : end;
        if (kept) {
            const uint8_t *cr;
            while ((cr = memchr(p, '\r', (size_t)(stop - p)))) {
                if (!add(kept, p, (size_t)(cr - p)) || !add(kept, (const uint8_t *)"\n", 1)) return XML_NO_MEMORY;
                p = cr + 1 + (cr + 1 < stop && cr[1] == '\n');
            }
            if (!add(kept, p, (size_t)(stop - p))) return XML_NO_MEMORY;
        }
        if (!amp) return XML_OK;
        uint8_t sign[4];
        size_t made = 0, length = reference(amp, end, sign, &made);
        if (!length) return XML_REFERENCE;
        if (kept && !add(kept, sign, made)) return XML_NO_MEMORY;
        p = amp + length;
    }
    return XML_OK;
}

/* --- tags --- */

#define MOST_ATTRIBUTES 64

/* The attributes of a tag from behind its name; *p is left at the '>' or '/'. `node` NULL: nothing is kept. */
static int attributes(xml_reader_t *reader, const xml_node_t *node, const uint8_t **at, const uint8_t *end) {
    const uint8_t *p = *at;
    const uint8_t *names[MOST_ATTRIBUTES];
    size_t lengths[MOST_ATTRIBUTES];
    int count = 0;
    for (;;) {
        const uint8_t *before = p;
        while (p < end && blank(*p)) p++;
        if (p == end) return XML_SYNTAX;
        if (*p == '>' || *p == '/') break;
        if (p == before) return XML_ATTRIBUTE; /* no blank between two */
        const uint8_t *name = p;
        while (p < end && !ENDS_NAME[*p]) p++;
        size_t length = (size_t)(p - name);
        if (!length || *name == '-' || *name == '.' || (*name >= '0' && *name <= '9')) return XML_ATTRIBUTE;
        for (int i = 0; i < count; i++)
            if (lengths[i] == length && memcmp(names[i], name, length) == 0) return XML_ATTRIBUTE;
        if (count == MOST_ATTRIBUTES) return XML_SPECIAL;
        names[count] = name;
        lengths[count++] = length;
        while (p < end && blank(*p)) p++;
        if (p == end || *p != '=') return XML_ATTRIBUTE;
        p++;
        while (p < end && blank(*p)) p++;
        if (p == end || (*p != '"' && *p != '\'')) return XML_ATTRIBUTE;
        uint8_t quote = *p++;
        const uint8_t *value = p;
        int plain = 1;
        for (;; p++) {
            while (p < end && !IN_VALUE[*p]) p++;
            if (p == end || *p == '<') return XML_ATTRIBUTE;
            if (*p == quote) break;
            if (*p == '&') {
                uint8_t sign[4];
                size_t made, taken = reference(p, end, sign, &made);
                if (!taken) return XML_REFERENCE;
                plain = 0;
                p += taken - 1;
            } else if (IN_VALUE[*p] == 2)
                plain = 0;
        }
        const uint8_t *value_end = p++;
        if (!node) continue;
        for (int32_t a = node->attributes; a >= 0; a = reader->program->attributes[a].next) {
            const xml_attribute_t *wanted = &reader->program->attributes[a];
            if ((size_t)wanted->length != length || memcmp(wanted->name, name, length) != 0) continue;
            if (plain) {
                if (!put(reader, wanted->column, value, (size_t)(value_end - value))) return XML_NO_MEMORY;
                continue;
            }
            xml_text_t *text = &reader->texts[0];
            text->size = 0;
            for (const uint8_t *q = value; q < value_end;) {
                uint8_t sign[4];
                size_t made = 1, taken = 1;
                if (*q == '&')
                    taken = reference(q, value_end, sign, &made);
                else {
                    if (*q == '\r' && q + 1 < value_end && q[1] == '\n') taken = 2;
                    sign[0] = IN_VALUE[*q] == 2 ? ' ' : *q;
                }
                if (!add(text, sign, made)) return XML_NO_MEMORY;
                q += taken;
            }
            if (!put(reader, wanted->column, text->data, text->size)) return XML_NO_MEMORY;
        }
    }
    *at = p;
    return XML_OK;
}

typedef struct {
    const uint8_t *name;
    size_t length;
    int32_t node; /* -1 inside what is not kept */
} open_t;

static int end_element(xml_reader_t *reader, int32_t number, int depth) {
    const xml_node_t *node = &reader->program->nodes[number];
    if (node->text < 0) return 1;
    xml_text_t *text = &reader->texts[depth];
    return put(reader, node->text, text->data, text->size);
}

int xml_read(xml_reader_t *reader, const uint8_t *text, size_t size) {
    const xml_program_t *program = reader->program;
    const uint8_t *p = text, *end = text + size;
    open_t open[XML_DEPTH];
    int depth = 0, fault = XML_OK;
    open[0] = (open_t){NULL, 0, 0};
    while (p < end) {
        const uint8_t *tag = memchr(p, '<', (size_t)(end - p)), *stop = tag ? tag : end;
        int32_t here = open[depth].node;
        if (stop > p) {
            if (!depth) {
                for (const uint8_t *q = p; q < stop; q++)
                    if (!blank(*q)) return reader->at = (size_t)(q - text), XML_NOT_A_RECORD;
            } else if ((fault = take_text(p, stop, here > 0 && program->nodes[here].text >= 0 ? &reader->texts[depth] : NULL)))
                break;
        }
        if (!tag) {
            p = end;
            break;
        }
        p = tag + 1;
        if (p == end) {
            fault = XML_SYNTAX;
            break;
        }
        if (*p == '/') {
            const uint8_t *name = ++p;
            while (p < end && !ENDS_NAME[*p]) p++;
            size_t length = (size_t)(p - name);
            while (p < end && blank(*p)) p++;
            if (p == end || *p != '>' || !depth || length != open[depth].length ||
                memcmp(name, open[depth].name, length) != 0) {
                fault = XML_MISMATCH;
                break;
            }
            p++;
            if (here > 0 && !end_element(reader, here, depth)) {
                fault = XML_NO_MEMORY;
                break;
            }
            depth--;
            continue;
        }
        if (*p == '!' || *p == '?') {
            fault = XML_SPECIAL;
            break;
        }
        const uint8_t *name = p;
        while (p < end && !ENDS_NAME[*p]) p++;
        size_t length = (size_t)(p - name);
        if (!length || *name == '-' || *name == '.' || (*name >= '0' && *name <= '9')) {
            fault = XML_SYNTAX;
            break;
        }
        int32_t node = here < 0 ? -1 : child_of(program, &program->nodes[here], name, length);
        if (!depth && node < 0) {
            fault = XML_NOT_A_RECORD;
            break;
        }
        if (here > 0 && program->nodes[here].named >= 0 && !put(reader, program->nodes[here].named, name, length)) {
            fault = XML_NO_MEMORY;
            break;
        }
        if (++depth == XML_DEPTH) {
            fault = XML_TOO_DEEP;
            break;
        }
        open[depth] = (open_t){name, length, node};
        if (node >= 0) {
            reader->texts[depth].size = 0;
            if (program->nodes[node].table >= 0 && !begin_row(reader, program->nodes[node].table)) {
                fault = XML_NO_MEMORY;
                break;
            }
        }
        if (p < end && (*p != '>')) {
            if ((fault = attributes(reader, node >= 0 ? &program->nodes[node] : NULL, &p, end))) break;
        }
        if (p == end) {
            fault = XML_SYNTAX;
            break;
        }
        if (*p == '/') {
            if (++p == end || *p != '>') {
                fault = XML_SYNTAX;
                break;
            }
            if (node >= 0 && !end_element(reader, node, depth)) {
                fault = XML_NO_MEMORY;
                break;
            }
            depth--;
        }
        p++;
    }
    reader->at = (size_t)(p - text);
    if (!fault && depth) fault = XML_MISMATCH;
    return fault ? fault : xml_finish(reader);
}

/* --- characters --- */

static int is_utf8(const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        if (*p < 0x80) {
            p++;
            continue;
        }
        int more = *p >= 0xC2 && *p <= 0xDF ? 1 : (*p & 0xF0) == 0xE0 ? 2 : *p >= 0xF0 && *p <= 0xF4 ? 3 : 0;
        if (!more || end - p <= more) return 0;
        uint32_t c = *p & (0x3Fu >> more);
        for (int i = 1; i <= more; i++) {
            if ((p[i] & 0xC0) != 0x80) return 0;
            c = c << 6 | (p[i] & 0x3F);
        }
        static const uint32_t LEAST[] = {0, 0x80, 0x800, 0x10000};
        if (c < LEAST[more] || !is_character(c)) return 0;
        p += more + 1;
    }
    return 1;
}

/* Whether all bytes are characters of XML in UTF-8. */
int xml_is_plain(const uint8_t *text, size_t size) {
    uint8_t high = 0;
    size_t at = 0;
    while (at < size) {
        size_t stop = size - at > 4096 ? at + 4096 : size;
        uint8_t bad = 0;
        for (size_t i = at; i < stop; i++) {
            uint8_t c = text[i];
            high |= c;
            bad |= (uint8_t)((c < 0x20) & (c != 9) & (c != 10) & (c != 13));
        }
        if (bad) return 0;
        at = stop;
    }
    return !(high & 0x80) || is_utf8(text, text + size);
}

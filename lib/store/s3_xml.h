/* SPDX-License-Identifier: Apache-2.0 */
/* A pull parser for the XML that S3 answers with: elements and text. Strict about nesting and
 * entities, so that a cut or garbled answer is an error and never a short list. No DTD, attributes
 * are passed over, name space prefixes dropped. */
#ifndef DWI_STORE_S3_XML_H
#define DWI_STORE_S3_XML_H

#include "base/buf.h"
#include "base/str.h"

enum { DWI_S3_XML_DEPTH = 16 };

enum {
    DWI_S3_XML_OPEN = 1,  /* an element begins; it is names[depth - 1] */
    DWI_S3_XML_CLOSE = 2, /* it ends; `text` is what followed its last child, so all of a leaf's */
    DWI_S3_XML_END = 3,   /* the document is complete */
    DWI_S3_XML_BAD = 4    /* it is not well-formed, or memory ran out (dwi_buf_status(&xml.text)) */
};

typedef struct dwi_s3_xml {
    const char *at;
    const char *end;
    dwi_sv names[DWI_S3_XML_DEPTH]; /* open elements; at CLOSE still with the closing one */
    int depth;
    dwi_buf text;
    bool seen_root;
    bool self_closed;
    bool popping;
} dwi_s3_xml;

/* `data` is borrowed until done. */
void dwi_s3_xml_init(dwi_s3_xml *xml, dw_bytes data, const dw_allocator *alloc);
int dwi_s3_xml_next(dwi_s3_xml *xml);
/* At OPEN or CLOSE: whether the element is `name` at `depth` (the root has depth 1). */
bool dwi_s3_xml_is(const dwi_s3_xml *xml, int depth, const char *name);
void dwi_s3_xml_done(dwi_s3_xml *xml);

#endif

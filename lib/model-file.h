/* SPDX-License-Identifier: Apache-2.0
 *
 * A model as text that a program keeps in a file, to go on with it when it is
 * started anew.
 *
 * Pure: text and models, no files.  What is written is all that an agent knows
 * of the policy: everything but switches, pools, where things were declared,
 * and the gateways of TVDs, which follow from the rest
 * (decide_assign_gateways()).  There is no key, token or credential in it,
 * since there is none in a model.
 *
 * Reading is strict.  What is written is whole and consistent, so a text that
 * is cut, damaged, of another version, or says anything that does not fit, is
 * refused as a whole. */

#ifndef LIB_MODEL_FILE_H
#define LIB_MODEL_FILE_H 1

struct ds;
struct json;
struct model;

/* Appends the model as JSON, on one line.  Ids must be allocated; a rule that
 * allows nothing need not have one. */
void model_file_put(const struct model *, struct ds *);
/* The inverse.  Returns NULL and stores why in '*error', which the caller frees,
 * if it is not such a model. */
struct model *model_file_get(const struct json *, char **error);

/* The text of a file with 'contents', which are JSON: one line with 'kind', the
 * version of the format and a digest, then the contents.  (The digest is one
 * against damage, not against anybody who can write the file.)  Caller frees. */
char *model_file_format(const char *kind, const char *contents);
/* The contents; NULL, with the reason in '*error', if 'text' is not whole.
 * Caller frees both. */
struct json *model_file_parse(const char *kind, const char *text,
                              char **error);

#endif /* lib/model-file.h */

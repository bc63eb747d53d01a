-- One terminology store. Written once by terminology.build, then only read.
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE concept (
  id INTEGER PRIMARY KEY,
  system TEXT NOT NULL,
  code TEXT NOT NULL,
  display TEXT NOT NULL,
  kind TEXT NOT NULL,
  version TEXT,
  active INTEGER NOT NULL
);
-- terms are numbered by length, so that an index read in order gives the shortest names first
CREATE TABLE term (
  id INTEGER PRIMARY KEY,
  concept INTEGER NOT NULL,
  text TEXT NOT NULL,
  language TEXT NOT NULL,
  preferred INTEGER NOT NULL,
  source INTEGER NOT NULL,   -- number of the first source that has the term
  words TEXT NOT NULL,       -- folded words, separated by a space; empty for an inactive concept, which is not searched for
  squeezed INTEGER,          -- key of the folded words run together
  place INTEGER              -- key of the sequence a note is searched for; null when it is not searched for
);
CREATE TABLE mapping (
  system TEXT NOT NULL,
  code TEXT NOT NULL,
  relation TEXT NOT NULL,
  to_system TEXT NOT NULL,
  to_code TEXT NOT NULL,
  PRIMARY KEY (system, code, to_system, to_code)
) WITHOUT ROWID;
-- the hierarchy: each concept's parents, and all its ancestors as sorted little-endian 32-bit numbers
CREATE TABLE parent (child INTEGER NOT NULL, parent INTEGER NOT NULL, PRIMARY KEY (child, parent)) WITHOUT ROWID;
CREATE TABLE ancestry (concept INTEGER PRIMARY KEY, ancestors BLOB NOT NULL);
-- the rows of rule-based maps, as released
CREATE TABLE rule (
  concept INTEGER NOT NULL,
  to_system TEXT NOT NULL,
  "group" INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  rule TEXT NOT NULL,
  target TEXT NOT NULL,
  advice TEXT NOT NULL,
  category TEXT NOT NULL,
  PRIMARY KEY (concept, to_system, "group", priority)
) WITHOUT ROWID;
-- what became of inactive concepts
CREATE TABLE association (
  concept INTEGER NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY (concept, kind, target)
) WITHOUT ROWID;
CREATE TABLE member (
  system TEXT NOT NULL, "set" TEXT NOT NULL, concept INTEGER NOT NULL, PRIMARY KEY (system, "set", concept)
) WITHOUT ROWID;
CREATE TABLE word (word TEXT PRIMARY KEY, terms INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE term_words USING fts5(
  words, content='', detail='none', columnsize=0, tokenize="unicode61 remove_diacritics 0 tokenchars '.+'"
);
-- the beginnings of every sequence of `term.place`, as sorted little-endian 64-bit keys
CREATE TABLE gazetteer (name TEXT PRIMARY KEY, keys BLOB NOT NULL) WITHOUT ROWID;

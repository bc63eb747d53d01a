"""The tables PyMedTermino 0.3.3 reads, as its own importers lay them out, and `About`, which it ignores."""

ABOUT = "CREATE TABLE About (key TEXT PRIMARY KEY, value TEXT NOT NULL);"

_DESCRIPTION = (
    "CREATE TABLE {} (id BIGINT PRIMARY KEY, effectiveTime DATE, active INTEGER, moduleId BIGINT,"
    " conceptId BIGINT, languageCode CHAR(2), typeId BIGINT, term TEXT, caseSignificanceId BIGINT);"
)

SNOMED = (
    ABOUT
    + "CREATE TABLE Concept (id BIGINT PRIMARY KEY, effectiveTime DATE, active INTEGER, moduleId BIGINT,"
    " definitionStatusId BIGINT, is_in_core INTEGER);"
    + _DESCRIPTION.format("Description")
    + _DESCRIPTION.format("TextDefinition")
    + "CREATE TABLE Relationship (id BIGINT PRIMARY KEY, effectiveTime DATE, active INTEGER,"
    " moduleId BIGINT, sourceId BIGINT, destinationId BIGINT, relationshipGroup INTEGER, typeId BIGINT,"
    " characteristicTypeId BIGINT);"
)

SNOMED_INDICES = """
CREATE INDEX Description_conceptId_index ON Description (conceptId);
CREATE INDEX TextDefinition_conceptId_index ON TextDefinition (conceptId);
CREATE INDEX Relationship_sourceId_typeId_index ON Relationship (sourceId, typeId);
CREATE INDEX Relationship_destinationId_typeId_index ON Relationship (destinationId, typeId);
CREATE VIRTUAL TABLE Description_fts USING fts4 (content="Description", term);
INSERT INTO Description_fts (docid, term) SELECT id, term FROM Description;
INSERT INTO Description_fts (Description_fts) VALUES ('optimize');
CREATE VIRTUAL TABLE TextDefinition_fts USING fts4 (content="TextDefinition", term);
"""

ICD10 = (
    ABOUT
    + "CREATE TABLE Concept (id INTEGER PRIMARY KEY, parent_code VARCHAR(7), code VARCHAR(7), term_en TEXT,"
    " term_fr TEXT, dagger INTEGER, star INTEGER, mortality1 TEXT, mortality2 TEXT, mortality3 TEXT,"
    " mortality4 TEXT, morbidity TEXT, atih_extension INTEGER, pmsi_restriction INTEGER);"
    "CREATE TABLE Text (id INTEGER PRIMARY KEY, code VARCHAR(7), relation VARCHAR(13), text_en TEXT,"
    " dagger INTEGER, reference TEXT);"
)

ICD10_INDICES = """
CREATE UNIQUE INDEX Concept_code_index ON Concept (code);
CREATE INDEX Concept_parent_code_index ON Concept (parent_code);
CREATE INDEX Text_code_index ON Text (code);
CREATE INDEX Text_code_relation_index ON Text (code, relation);
CREATE VIRTUAL TABLE Concept_fts USING fts4 (content="Concept", term);
INSERT INTO Concept_fts (docid, term) SELECT id, term_en FROM Concept;
INSERT INTO Concept_fts (docid, term)
  SELECT Concept.id, Text.text_en FROM Text JOIN Concept ON Concept.code = Text.code;
INSERT INTO Concept_fts (Concept_fts) VALUES ('optimize');
"""

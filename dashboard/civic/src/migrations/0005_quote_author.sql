-- Whose words a quote has (a pseudonym), so that they go when their author is erased.

ALTER TABLE quotes ADD COLUMN author TEXT;

CREATE INDEX quotes_by_author ON quotes (author);

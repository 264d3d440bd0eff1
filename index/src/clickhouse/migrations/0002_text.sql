-- Which text a row is about: what staff say of a post counts for the text that they saw.
ALTER TABLE posts ADD COLUMN IF NOT EXISTS text UInt128 CODEC(ZSTD(1))

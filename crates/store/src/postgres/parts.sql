-- The parts of our schemas as the server tells them: tables, columns, constraints, indexes, triggers with whether they fire, rules, policies,
-- functions and views; and rights that anybody but a table's owner has to change something. What is long stands as its MD5: it is
-- compared, not read. `schema.tsv` is what a database that this version has migrated gives.
WITH own AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname IN ('earmark', 'earmark_log', 'earmark_views')
), rel AS (
    SELECT c.* FROM pg_class AS c JOIN own ON own.oid = c.relnamespace WHERE c.relname NOT LIKE '%migration%'
)
SELECT 'table ' || oid::regclass,
       relkind::text || ' ' || relpersistence::text || COALESCE(' ' || reloptions::text, '')
       || CASE WHEN relrowsecurity THEN ' row security' ELSE '' END || CASE WHEN relforcerowsecurity THEN ' forced' ELSE '' END
FROM rel WHERE relkind IN ('r', 'v', 'm', 'p', 'f')
UNION ALL
SELECT 'column ' || a.attrelid::regclass || '.' || a.attname,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
       || CASE WHEN a.attidentity <> '' THEN ' identity ' || a.attidentity::text ELSE '' END
       || CASE WHEN a.attgenerated <> '' THEN ' generated' ELSE '' END || COALESCE(' collate ' || l.collname, '')
       || COALESCE(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute AS a JOIN rel ON rel.oid = a.attrelid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
WHERE rel.relkind IN ('r', 'v', 'm', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || o.conrelid::regclass || '.' || o.conname, pg_get_constraintdef(o.oid)
FROM pg_constraint AS o JOIN rel ON rel.oid = o.conrelid WHERE o.contype IN ('c', 'p', 'u', 'f', 'x')
UNION ALL
SELECT 'index ' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' not valid' END
FROM pg_index AS i JOIN rel ON rel.oid = i.indrelid
UNION ALL
SELECT 'trigger ' || t.tgrelid::regclass || '.' || t.tgname, t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
FROM pg_trigger AS t JOIN rel ON rel.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule ' || r.ev_class::regclass || '.' || r.rulename, r.ev_enabled::text || ' ' || pg_get_ruledef(r.oid)
FROM pg_rewrite AS r JOIN rel ON rel.oid = r.ev_class WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT 'policy ' || p.polrelid::regclass || '.' || p.polname, p.polcmd::text
FROM pg_policy AS p JOIN rel ON rel.oid = p.polrelid
UNION ALL
SELECT 'view ' || oid::regclass || ' text', md5(regexp_replace(pg_get_viewdef(oid), '[[:space:]()]+', '', 'g'))
FROM rel WHERE relkind IN ('v', 'm')
UNION ALL
SELECT 'function ' || p.oid::regprocedure,
       md5(p.prosrc) || ' ' || l.lanname || ' ' || p.provolatile::text || CASE WHEN p.prosecdef THEN ' definer' ELSE '' END
       || COALESCE(' ' || p.proconfig::text, '')
FROM pg_proc AS p JOIN own ON own.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang
UNION ALL
SELECT 'owners', COUNT(DISTINCT relowner)::text FROM rel
UNION ALL
SELECT 'right ' || rel.oid::regclass || ' ' || x.privilege_type, x.grantee::regrole::text
FROM rel CROSS JOIN LATERAL aclexplode(rel.relacl) AS x
WHERE x.grantee <> rel.relowner AND x.privilege_type NOT IN ('SELECT', 'REFERENCES', 'USAGE')
UNION ALL
SELECT 'right ' || rel.oid::regclass || '.' || a.attname || ' ' || x.privilege_type, x.grantee::regrole::text
FROM rel JOIN pg_attribute AS a ON a.attrelid = rel.oid CROSS JOIN LATERAL aclexplode(a.attacl) AS x
WHERE x.grantee <> rel.relowner AND x.privilege_type NOT IN ('SELECT', 'REFERENCES')
UNION ALL
SELECT 'right ' || own.nspname || ' CREATE', x.grantee::regrole::text
FROM own CROSS JOIN LATERAL aclexplode(own.nspacl) AS x WHERE x.grantee <> own.nspowner AND x.privilege_type = 'CREATE'

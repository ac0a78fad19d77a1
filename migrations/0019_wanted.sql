-- +goose Up

-- What is wished for stands once, with the ground the plan is made on.
INSERT INTO booths_layouts (market_id, community_id, zones, booths, wanted, changed_at)
    SELECT id, community_id, '[]', '[]', wanted, created_at FROM markets WHERE wanted NOT IN ('[]', 'null')
    ON CONFLICT (market_id) DO NOTHING;
UPDATE booths_layouts SET wanted = (SELECT m.wanted FROM markets m WHERE m.id = booths_layouts.market_id)
    WHERE wanted IN ('[]', 'null') AND EXISTS (SELECT 1 FROM markets m WHERE m.id = booths_layouts.market_id AND m.wanted NOT IN ('[]', 'null'));
ALTER TABLE markets DROP COLUMN wanted;

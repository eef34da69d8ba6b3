-- Reads a JSON object of any size as it passes, piece by piece, and keeps the strings at its top that it is asked for.
-- It judges nothing else: whether the whole is JSON is for the engine to say.

local Scan = {}
Scan.__index = Scan

-- Bytes. No name is longer; of a longer string the beginning is kept.
local LONGEST = 1024

-- "wanted": a set of keys. What is found stands in "found": the value as it is written, between its quotes.
function Scan.new(wanted)
  return setmetatable({ wanted = wanted, found = {}, depth = 0, escaped = false, kept = 0 }, Scan)
end

-- Whether the object has ended.
function Scan:ended()
  return self.begun and self.depth == 0
end

function Scan:_keep(text)
  if self.parts and self.kept < LONGEST then
    text = text:sub(1, LONGEST - self.kept)
    self.parts[#self.parts + 1] = text
    self.kept = self.kept + #text
  end
end

-- Inside a string, from "place" on: return where to go on, nothing where the piece ends within it.
function Scan:_string(text, place)
  while true do
    local quote = text:find('"', place, true)
    local last = quote and quote - 1 or #text
    -- A quote is one of the text's own behind an odd number of backslashes.
    local first = last
    while first >= place and text:byte(first) == 92 do
      first = first - 1
    end
    local odd = (last - first) % 2 == 1
    if first < place then
      odd = odd ~= self.escaped
    end
    self:_keep(text:sub(place, quote and odd and quote or last))
    self.escaped = not quote and odd
    if not quote then
      return nil
    end
    place = quote + 1
    if not odd then
      return place
    end
  end
end

function Scan:_string_ended()
  if self.depth == 1 and self.parts then
    local text = table.concat(self.parts)
    if self.expects_key then
      self.key = text
    else
      self.found[self.key] = text
    end
  end
  self.inside, self.parts = false, nil
end

-- Read the next piece.
function Scan:feed(text)
  local place = 1
  while place do
    if self.inside then
      place = self:_string(text, place)
      if not place then
        return
      end
      self:_string_ended()
    end
    -- Deeper down only quotes and brackets matter.
    local at = text:find(self.depth == 1 and '[",:{}%[%]]' or '["{}%[%]]', place)
    if not at then
      return
    end
    local sign = text:sub(at, at)
    place = at + 1
    if sign == '"' then
      self.inside = true
      if self.depth == 1 and (self.expects_key or self.wanted[self.key]) then
        self.parts, self.kept = {}, 0
      end
    elseif sign == "{" or sign == "[" then
      self.depth, self.begun = self.depth + 1, true
      -- At the top of a list there are no keys.
      self.expects_key = self.depth == 1 and sign == "{"
    elseif sign == "}" or sign == "]" then
      self.depth = math.max(0, self.depth - 1)
      self.expects_key = false
    else
      self.expects_key = sign == ","
    end
  end
end

return Scan

-- A text of somebody else's, as an answer may repeat it: in UTF-8, and no longer than that many bytes, where it is cut between two
-- characters. Each byte that is none of UTF-8 becomes the sign for that.

local UNKNOWN = "\239\191\189"

return function(text, longest)
  if #text > longest then
    text = text:sub(1, longest):gsub("[\194-\244]?[\128-\191]*$", "")
  end
  -- Lua 5.3 takes surrogates for characters.
  text = text:gsub("\237[\160-\191][\128-\191]", UNKNOWN)
  local place = 1
  while true do
    local length, wrong = utf8.len(text, place)
    if length then
      return text
    end
    text = text:sub(1, wrong - 1) .. UNKNOWN .. text:sub(wrong + 1)
    place = wrong + #UNKNOWN
  end
end

-- Reads what others wrote as JSON: a table, an empty one where it is none.

local json = require("cjson")

return function(text)
  local is_json, value = pcall(json.decode, text or "")
  return is_json and type(value) == "table" and value or {}
end

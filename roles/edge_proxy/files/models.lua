-- What the edge says of models, from the release agent's map: a name, and one line of JSON with what the model can do.
-- A value that is no JSON object says that the model is there, and no more.

local json_table = require("json_table")

local models = {}

-- For a sentence.
local TASKS = { chat = "completes chats", embed = "makes embeddings", rerank = "ranks documents" }

local function number(value)
  return type(value) == "number" and value or nil
end

-- A model's entry in a list, as the dialect has it. What is unknown is left out.
function models.entry(dialect, name, facts)
  local created, context = number(facts.created) or 0, number(facts.context_tokens)
  if dialect == "anthropic" then
    return {
      type = "model",
      id = name,
      display_name = name,
      created_at = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(created)),
      lifecycle = "active",
      max_input_tokens = context,
      max_tokens = number(facts.max_output_tokens),
    }
  end
  local abilities
  for _, ability in ipairs({ "tools", "vision", "json_schema", "reasoning" }) do
    if type(facts[ability]) == "boolean" then
      abilities = abilities or {}
      abilities[ability] = facts[ability]
    end
  end
  return {
    id = name,
    object = "model",
    created = created,
    owned_by = "airlift",
    context_length = context,
    -- vLLM's name for it, which some clients read.
    max_model_len = context,
    max_output_tokens = number(facts.max_output_tokens),
    capabilities = abilities,
    tasks = type(facts.tasks) == "table" and #facts.tasks > 0 and facts.tasks or nil,
  }
end

-- A list of models, as the dialect has it; one of them at least.
function models.list(dialect, entries)
  if dialect == "anthropic" then
    return { data = entries, has_more = false, first_id = entries[1].id, last_id = entries[#entries].id }
  end
  return { object = "list", data = entries }
end

-- Whether a model is known not to do a task, and then what it does.
function models.does_another(facts, task)
  if type(facts.tasks) ~= "table" or #facts.tasks == 0 then
    return nil
  end
  local does = {}
  for _, one in ipairs(facts.tasks) do
    if one == task then
      return nil
    end
    does[#does + 1] = TASKS[one] or tostring(one)
  end
  return table.concat(does, " and ")
end

-- The names in the body of an engine's own list.
function models.listed(raw)
  local names = {}
  local data = json_table(raw).data
  for _, model in ipairs(type(data) == "table" and data or {}) do
    if type(model) == "table" and type(model.id) == "string" then
      names[#names + 1] = model.id
    end
  end
  return names
end

return models

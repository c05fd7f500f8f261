-- Keeps a letter to words and tables, whatever a person typed into its Markdown:
-- nothing is fetched, nothing is hidden, nothing is code for another program.

-- Raw markup stays visible as the text it is.
local function RawInline(el)
  return pandoc.Inlines(el.text)
end

local function RawBlock(el)
  return pandoc.Para(pandoc.Inlines(el.text))
end

-- An image would read a file or an address; only its description stays.
local function Image(el)
  if #el.caption > 0 then
    return el.caption
  end
  return pandoc.Inlines(el.src)
end

-- A reader of paper can't click, and a hidden address can lie.
local function Link(el)
  local shown = pandoc.utils.stringify(el.content)
  if shown == el.target then
    return el.content
  end
  local words = el.content
  words:insert(pandoc.Space())
  words:insert(pandoc.Str("(" .. el.target .. ")"))
  return words
end

-- The name of a language could choose another writer for a code block.
local function CodeBlock(el)
  return pandoc.CodeBlock(el.text)
end

-- Screen readers and PDF/UA need headings that start at one and never skip a level.
local function even_headings()
  local last_level = 0
  return function(el)
    if pandoc.utils.stringify(el.content) == "" then
      return {}
    end
    el.level = math.min(el.level, last_level + 1)
    last_level = el.level
    el.attr = pandoc.Attr()
    return el
  end
end

-- Columns share the page: each gets room for its longest word, then for its longest text.
-- Word may fall back to a wider font than ours, so there a line holds fewer letters.
local LINE = { docx = 70, json = 70, typst = 96 }
local LONGEST_WORD, LONGEST_TEXT = 16, 60

local function length(text)
  return utf8.len(text) or #text
end

local function least_and_wish(cells)
  local word, text = 4, 4
  for _, cell in ipairs(cells) do
    text = math.max(text, math.min(length(cell), LONGEST_TEXT))
    for part in cell:gmatch("%S+") do
      word = math.max(word, math.min(length(part), LONGEST_WORD))
    end
  end
  return word + 2, math.max(text - word, 1)
end

local function column_texts(tbl)
  local columns = {}
  for place = 1, #tbl.colspecs do
    columns[place] = {}
  end
  local function take(rows)
    for _, row in ipairs(rows) do
      for place, cell in ipairs(row.cells) do
        if columns[place] then
          table.insert(columns[place], pandoc.utils.stringify(cell.contents))
        end
      end
    end
  end
  take(tbl.head.rows)
  for _, body in ipairs(tbl.bodies) do
    take(body.body)
  end
  return columns
end

local function measured(tbl)
  local room = { least = {}, wish = {}, least_sum = 0, wish_sum = 0 }
  for place, cells in ipairs(column_texts(tbl)) do
    local least, wish = least_and_wish(cells)
    room.least[place], room.wish[place] = least, wish
    room.least_sum, room.wish_sum = room.least_sum + least, room.wish_sum + wish
  end
  return room
end

local function with_widths(tbl, room, line)
  local spare = math.max(line - room.least_sum, 0)
  for place, spec in ipairs(tbl.colspecs) do
    local width = room.least[place] + spare * room.wish[place] / room.wish_sum
    tbl.colspecs[place] = { spec[1], width / (room.least_sum + spare) }
  end
  return tbl
end

-- An entity such as &#x202e; can bring in marks that turn text round, or no character at all. What
-- stands in the text as itself was cleaned before it came here.
local function is_refused(code)
  return code == 0xAD or code == 0x061C or code == 0x200E or code == 0x200F
    or (code >= 0x202A and code <= 0x202E)
    or (code >= 0x2066 and code <= 0x2069)
    or (code >= 0x80 and code <= 0x9F)
    or code % 0x10000 >= 0xFFFE
end

local function only_visible(text)
  local kept = {}
  for _, code in utf8.codes(text) do
    if not is_refused(code) then
      table.insert(kept, utf8.char(code))
    end
  end
  return table.concat(kept)
end

local function visible(el)
  return pandoc.Str(only_visible(el.text))
end

-- Typst would set three full stops as one sign; a typed text keeps its own characters.
local function with_full_stops(el)
  local text = el.text
  local from, to = text:find("...", 1, true)
  if not from then
    return nil
  end
  local found = pandoc.Inlines({})
  while from do
    found:insert(pandoc.Str(text:sub(1, from - 1)))
    found:insert(pandoc.RawInline("typst", "\\.\\.\\."))
    text = text:sub(to + 1)
    from, to = text:find("...", 1, true)
  end
  found:insert(pandoc.Str(text))
  return found
end

-- The letter that `text` was read as, with all else turned into words.
local function words_and_tables(letter, text)
  letter = letter:walk({
    RawInline = RawInline,
    RawBlock = RawBlock,
    Image = Image,
    Link = Link,
    CodeBlock = CodeBlock,
    Header = even_headings(),
  })
  if text:find("&", 1, true) then
    letter = letter:walk({ Str = visible })
  end
  return letter
end

local function may_hold_dots(text)
  return text:find("&", 1, true) or text:gsub("\\", ""):find("...", 1, true)
end

-- The letter as a format wants it; "json" is read by our own Word writer. `rooms` keeps what the
-- tables' columns want, so that it is found out once for all formats.
local function fitted(letter, text, rooms, format)
  local number = 0
  return letter:walk({
    Table = function(tbl)
      number = number + 1
      rooms[number] = rooms[number] or measured(tbl)
      return with_widths(tbl, rooms[number], LINE[format])
    end,
    Str = format == "typst" and may_hold_dots(text) and with_full_stops or nil,
  })
end

return { words_and_tables = words_and_tables, fitted = fitted }
